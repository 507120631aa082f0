import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { PackStatistics } from '../../packing/pack-request.ts';
import type { ThreadError } from './thread-error.ts';

/** What a worker that needs a pack is to do. */
export type PackClaim =
  /** Write it to `path`, for itself and for whoever comes meanwhile. */
  | { readonly role: 'build'; readonly id: number; readonly path: string }
  /** Read it from `path`, as far as `state` says. */
  | { readonly role: 'read'; readonly id: number; readonly path: string; readonly state: PackState }
  /** Make it without the cache: there is no room. */
  | { readonly role: 'direct' };

/** How far a pack is. */
export interface PackState {
  /** Bytes that stand in the file. */
  readonly bytes: number;
  /** Set when it is whole. */
  readonly statistics?: PackStatistics | undefined;
  /** Set when it will never be whole. */
  readonly failure?: ThreadError | undefined;
}

interface Entry {
  readonly id: number;
  readonly key: string;
  readonly path: string;
  state: PackState;
  /** Readers of each worker that has some. */
  readonly readers: Map<number, number>;
  readonly builder: number;
}

/** What the ledger tells workers. */
export interface LedgerEvents {
  /** The pack has got further. */
  readonly onState: (worker: number, id: number, state: PackState) => void;
  /** Nobody wants the pack any longer that `worker` is making. */
  readonly onUnwanted: (worker: number, id: number) => void;
}

/**
 * Which packs are on disk, who makes them and who reads them: the main thread's part of the cache. A pack is
 *
 *     (absent) → building → whole → (evicted)
 *                        ↘ failed, or unwanted: forgotten at once
 *
 * Files of packs that are read stay readable after they have been removed. The bound counts what is being made too.
 */
export class PackLedger {
  readonly #dir: string;
  readonly #maxBytes: number;
  readonly #events: LedgerEvents;
  /** By key, least recently used first: what can still be claimed. */
  readonly #byKey = new Map<string, Entry>();
  /** All that have readers or a file. */
  readonly #byId = new Map<number, Entry>();
  #nextId = 0;

  constructor(dir: string, maxBytes: number, events: LedgerEvents) {
    this.#dir = dir;
    this.#maxBytes = maxBytes;
    this.#events = events;
  }

  /** Bytes of all packs. */
  get bytes(): number {
    let bytes = 0;
    for (const entry of this.#byId.values()) bytes += entry.state.bytes;
    return bytes;
  }

  /** `worker` needs the pack; unless told to do it `direct`, it {@link leave}s when it has it. */
  claim(worker: number, key: string): PackClaim {
    const found = this.#byKey.get(key);
    if (found !== undefined) {
      this.#byKey.delete(key);
      this.#byKey.set(key, found);
      found.readers.set(worker, (found.readers.get(worker) ?? 0) + 1);
      return { role: 'read', id: found.id, path: found.path, state: found.state };
    }
    if (this.bytes >= this.#maxBytes) return { role: 'direct' };
    const id = this.#nextId++;
    const path = join(this.#dir, `${String(id)}.pack`);
    const entry: Entry = { id, key, path, state: { bytes: 0 }, readers: new Map([[worker, 1]]), builder: worker };
    this.#byKey.set(key, entry);
    this.#byId.set(id, entry);
    return { role: 'build', id, path };
  }

  /** One of the readers in `worker` is done. */
  leave(worker: number, id: number): void {
    const entry = this.#byId.get(id);
    if (entry === undefined) return;
    const left = (entry.readers.get(worker) ?? 0) - 1;
    if (left > 0) entry.readers.set(worker, left);
    else entry.readers.delete(worker);
    this.#settle(entry);
  }

  /** The builder has got further. */
  update(worker: number, id: number, state: PackState): void {
    const entry = this.#byId.get(id);
    if (entry?.builder !== worker) return;
    entry.state = state;
    // Those who come later must not be made to wait for a pack that will not be.
    if (state.failure !== undefined) this.#forget(entry);
    for (const reader of entry.readers.keys()) this.#events.onState(reader, id, state);
    if (state.statistics !== undefined) this.#evict();
  }

  /** `worker` is gone: what it was making fails with `failure`, and it reads nothing any longer. */
  lose(worker: number, failure: ThreadError): void {
    for (const entry of this.#byId.values()) {
      if (entry.builder === worker && entry.state.statistics === undefined) {
        this.update(worker, entry.id, { bytes: entry.state.bytes, failure });
      }
      if (entry.readers.delete(worker)) this.#settle(entry);
    }
  }

  /** Looks after an entry that may have lost its last reader. */
  #settle(entry: Entry): void {
    if (entry.readers.size > 0) return;
    if (entry.state.statistics !== undefined) {
      this.#evict();
    } else if (this.#byId.has(entry.id)) {
      this.#forget(entry);
      this.#events.onUnwanted(entry.builder, entry.id);
    }
  }

  #evict(): void {
    let bytes = this.bytes;
    for (const entry of this.#byKey.values()) {
      if (bytes <= this.#maxBytes) return;
      if (entry.readers.size > 0 || entry.state.statistics === undefined) continue;
      bytes -= entry.state.bytes;
      this.#forget(entry);
    }
  }

  #forget(entry: Entry): void {
    this.#byId.delete(entry.id);
    if (this.#byKey.get(entry.key) === entry) this.#byKey.delete(entry.key);
    rmSync(entry.path, { force: true });
  }
}
