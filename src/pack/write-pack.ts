import { createHash } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import type { ObjectFormat, ObjectId } from '../core/object-id.ts';
import { GitMirrorError } from '../core/error.ts';
import { objectTypeNumber, packType } from '../objects/object-type.ts';
import type { ObjectStore } from './object-store.ts';
import { encodeEntryHeader } from './pack-entry.ts';
import { encodePackHeader } from './pack-header.ts';
import { TimeSlice } from './time-slice.ts';

const chunkBytes = 64 * 1024;

/** How a pack is written. */
export interface WritePackOptions {
  /** Must be the store's. */
  readonly format: ObjectFormat;
  readonly signal?: AbortSignal | undefined;
}

/**
 * A whole, valid, self-contained pack (gitformat-pack) of `oids`, each once, in their order, except that the base of a
 * delta comes before it. Compressed bytes are sent as they are stored: whole objects always, deltas (as REF_DELTA) when
 * their base is among `oids`. Only a delta whose base is left out is rebuilt and compressed anew. Chunks have up to
 * 64 KiB, the last ones fewer; the consumer owns them.
 *
 * @throws GitMirrorError `GM_CORRUPT` naming an object that is not in the store; `GM_LIMIT` when an object that has to be
 * rebuilt is over `limits.maxHeldObjectBytes`; `GM_SYSTEM` when the store's file cannot be read.
 */
export async function* writePack(
  store: ObjectStore,
  oids: Iterable<ObjectId>,
  options: WritePackOptions,
): AsyncGenerator<Uint8Array, void, void> {
  const { format, signal } = options;
  if (format !== store.format) {
    throw new GitMirrorError('GM_INTERNAL', `Writing a pack: the store holds ${store.format} objects, not ${format}.`);
  }
  const selected = selectNumbers(store, oids);
  const chunker = new HashedChunks(format);
  const slice = new TimeSlice(signal);
  chunker.push(encodePackHeader(selected.order.length));
  let work = 0;
  for (const number of selected.order) {
    for (const next of basesFirst(store, number, selected.state)) {
      for (const part of entryParts(store, next, selected.state)) {
        work += part.length;
        chunker.push(part);
        const full = chunker.take();
        if (full === undefined) continue;
        signal?.throwIfAborted();
        yield* full;
      }
      selected.state[next] = written;
      if (slice.isOver(work)) await slice.pause();
    }
  }
  signal?.throwIfAborted();
  yield* chunker.finish();
}

/** Bytes entry `number` takes in a pack, its delta reused or not; exact, for which it is compressed if need be. */
export function packedBytes(store: ObjectStore, number: number, isBaseIncluded: boolean): number {
  const { baseNumber, inflatedSize, dataLength } = store.storedEntry(number);
  if (baseNumber < 0) return encodeEntryHeader(1, inflatedSize).length + dataLength;
  if (isBaseIncluded) return encodeEntryHeader(1, inflatedSize, store.rawName(baseNumber)).length + dataLength;
  const { content } = store.readNumber(number);
  return encodeEntryHeader(1, content.length).length + deflateSync(content).length;
}

const unselected = 0;
const waiting = 1;
const written = 2;

function selectNumbers(store: ObjectStore, oids: Iterable<ObjectId>): { order: number[]; state: Uint8Array } {
  const state = new Uint8Array(store.numberLimit);
  const order: number[] = [];
  for (const oid of oids) {
    const number = store.numberOf(oid);
    if (number < 0) {
      throw new GitMirrorError('GM_CORRUPT', `Writing a pack: object ${oid} is missing.`, { details: { oid } });
    }
    if (state[number] === waiting) continue;
    state[number] = waiting;
    order.push(number);
  }
  return { order, state };
}

/** `number`, and in front of it the bases it needs that are selected and not written. Nothing when it is written. */
function basesFirst(store: ObjectStore, number: number, state: Uint8Array): number[] {
  const chain: number[] = [];
  for (let at = number; at >= 0 && state[at] === waiting; at = store.storedEntry(at).baseNumber) chain.push(at);
  return chain.reverse();
}

/** The bytes of one entry, in parts; each is borrowed until the next. */
function* entryParts(store: ObjectStore, number: number, state: Uint8Array): Generator<Uint8Array, void, void> {
  const { type, baseNumber, inflatedSize, dataLength } = store.storedEntry(number);
  if (baseNumber >= 0 && state[baseNumber] === unselected) {
    const { content } = store.readNumber(number);
    yield encodeEntryHeader(objectTypeNumber(type), content.length);
    yield deflateSync(content);
    return;
  }
  yield baseNumber < 0
    ? encodeEntryHeader(objectTypeNumber(type), inflatedSize)
    : encodeEntryHeader(packType.refDelta, inflatedSize, store.rawName(baseNumber));
  for (let at = 0; at < dataLength; at += chunkBytes) {
    yield store.storedData(number, at, Math.min(chunkBytes, dataLength - at));
  }
}

/** Joins parts into chunks of even size and hashes them. */
class HashedChunks {
  readonly #hash;
  #chunk = Buffer.allocUnsafeSlow(chunkBytes);
  #filled = 0;
  #full: Uint8Array[] = [];

  constructor(format: ObjectFormat) {
    this.#hash = createHash(format);
  }

  /** Takes a copy of `part`. */
  push(part: Uint8Array): void {
    for (let at = 0; at < part.length;) {
      const piece = part.subarray(at, at + chunkBytes - this.#filled);
      this.#chunk.set(piece, this.#filled);
      this.#filled += piece.length;
      at += piece.length;
      if (this.#filled === chunkBytes) {
        this.#hash.update(this.#chunk);
        this.#full.push(this.#chunk);
        this.#chunk = Buffer.allocUnsafeSlow(chunkBytes);
        this.#filled = 0;
      }
    }
  }

  /** The chunks that have become full, if any. */
  take(): readonly Uint8Array[] | undefined {
    if (this.#full.length === 0) return undefined;
    const full = this.#full;
    this.#full = [];
    return full;
  }

  /** What is left, and the trailer. */
  finish(): readonly Uint8Array[] {
    const rest = this.#chunk.subarray(0, this.#filled);
    this.#hash.update(rest);
    return [Buffer.concat([rest, this.#hash.digest()])];
  }
}
