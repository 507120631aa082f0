import { closeSync, openSync, writeSync } from 'node:fs';
import type { ByteSink, FileRange } from '../../core/byte-sink.ts';
import { GitMirrorError } from '../../core/error.ts';
import type { DeliveredPack, PackBuild, PackCache } from '../../packing/pack-cache.ts';
import type { PackClaim, PackState } from './pack-ledger.ts';
import { readFileRange } from './read-file-range.ts';
import { decodeThreadError, encodeThreadError } from './thread-error.ts';

/** Bytes written to the file at once. */
const blockBytes = 256 * 1024;

/** How a worker speaks with the ledger in the main thread. */
export interface LedgerPort {
  claim(key: string): Promise<PackClaim>;
  leave(id: number): void;
  update(id: number, state: PackState): void;
}

interface Watch {
  state: PackState;
  readers: number;
  changed: PromiseWithResolvers<undefined>;
}

/**
 * A worker's part of the cache. Packs are made into a file, at the speed of the disk and not of the first client, and all
 * who want one read that file, while it grows too.
 */
export class WorkerPackCache {
  readonly #ledger: LedgerPort;
  readonly #watches = new Map<number, Watch>();
  readonly #builds = new Map<number, AbortController>();

  constructor(ledger: LedgerPort) {
    this.#ledger = ledger;
  }

  /** The main thread says how far a pack is that is read here. */
  receive(id: number, state: PackState): void {
    const watch = this.#watches.get(id);
    if (watch === undefined) return;
    watch.state = state;
    watch.changed.resolve(undefined);
    watch.changed = Promise.withResolvers<undefined>();
  }

  /** The main thread says that nobody wants the pack any longer that is made here. */
  stop(id: number): void {
    this.#builds.get(id)?.abort(new GitMirrorError('GM_NETWORK', 'All clients that waited for this pack are gone'));
  }

  /** The cache as one exchange sees it; `settled` waits until what that exchange began to make has been made. */
  forExchange(): PackCache & { settled(): Promise<void> } {
    const builds: Promise<void>[] = [];
    return {
      deliver: (key, sink, signal, build) => this.#deliver(key, sink, signal, build, builds),
      settled: async () => {
        await Promise.all(builds);
      },
    };
  }

  async #deliver(
    key: string,
    sink: ByteSink,
    signal: AbortSignal,
    build: PackBuild,
    builds: Promise<void>[],
  ): Promise<DeliveredPack> {
    const claim = await this.#ledger.claim(key);
    if (claim.role === 'direct') return { statistics: await build(sink, signal), outcome: 'miss' };
    const { id } = claim;
    const watch = this.#watch(id, claim.role === 'read' ? claim.state : { bytes: 0 });
    try {
      if (claim.role === 'build') builds.push(this.#build(id, claim.path, build));
      const isWhole = watch.state.statistics !== undefined;
      const statistics = await this.#copy(claim.path, watch, sink, signal);
      if (statistics !== undefined) {
        return { statistics, outcome: claim.role === 'build' ? 'miss' : isWhole ? 'hit' : 'shared' };
      }
    } finally {
      watch.readers--;
      if (watch.readers === 0) this.#watches.delete(id);
      this.#ledger.leave(id);
    }
    // The disk is full or fails; nothing has been sent yet, so it can still be done without it.
    return { statistics: await build(sink, signal), outcome: 'miss' };
  }

  #watch(id: number, state: PackState): Watch {
    let watch = this.#watches.get(id);
    if (watch === undefined) {
      watch = { state, readers: 0, changed: Promise.withResolvers<undefined>() };
      this.#watches.set(id, watch);
    } else if (state.bytes > watch.state.bytes || state.statistics !== undefined) {
      watch.state = state;
    }
    watch.readers++;
    return watch;
  }

  /** Never rejects: what goes wrong is told to all readers through the ledger. */
  async #build(id: number, path: string, build: PackBuild): Promise<void> {
    const controller = new AbortController();
    this.#builds.set(id, controller);
    let bytes = 0;
    try {
      const file = new FileSink(path, () => {
        bytes = file.bytes;
        this.#ledger.update(id, { bytes });
      });
      try {
        const statistics = await build(file, controller.signal);
        file.flush();
        bytes = file.bytes;
        this.#ledger.update(id, { bytes, statistics });
      } finally {
        file.close();
      }
    } catch (error) {
      this.#ledger.update(id, { bytes, failure: encodeThreadError(error) });
    } finally {
      this.#builds.delete(id);
    }
  }

  /** Writes the pack to `sink` as it grows. Undefined when it cannot be made on disk and nothing has been sent. */
  async #copy(
    path: string,
    watch: Watch,
    sink: ByteSink,
    signal: AbortSignal,
  ): Promise<DeliveredPack['statistics'] | undefined> {
    let sent = 0;
    for (;;) {
      signal.throwIfAborted();
      const { bytes, statistics, failure } = watch.state;
      if (sent < bytes) {
        const range = { path, offset: sent, length: bytes - sent };
        await (sink.writeFile === undefined ? copyRange(range, sink, signal) : sink.writeFile(range));
        sent = bytes;
      } else if (statistics !== undefined) {
        return statistics;
      } else if (failure !== undefined) {
        const error = decodeThreadError(failure);
        if (sent === 0 && error.code === 'GM_SYSTEM') return undefined;
        throw error;
      } else {
        await untilChanged(watch, signal);
      }
    }
  }
}

/** For sinks that take no files. */
async function copyRange(range: FileRange, sink: ByteSink, signal: AbortSignal): Promise<void> {
  for await (const chunk of readFileRange(range)) {
    signal.throwIfAborted();
    const room = sink.write(chunk);
    if (room !== undefined) await room;
  }
}

/** Waits for the next state, or for the signal. */
async function untilChanged(watch: Watch, signal: AbortSignal): Promise<void> {
  const aborted = Promise.withResolvers<undefined>();
  const onAbort = (): void => {
    aborted.resolve(undefined);
  };
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await Promise.race([watch.changed.promise, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** Writes to a new file, in blocks. Never full. */
class FileSink implements ByteSink {
  readonly #descriptor: number;
  readonly #buffer = new Uint8Array(blockBytes);
  readonly #onGrowth: () => void;
  #fill = 0;
  /** Bytes in the file. */
  bytes = 0;

  /** @throws GitMirrorError `GM_SYSTEM` when the file cannot be made. */
  constructor(path: string, onGrowth: () => void) {
    this.#onGrowth = onGrowth;
    this.#descriptor = onDisk(() => openSync(path, 'wx', 0o600));
  }

  write(bytes: Uint8Array): undefined {
    let at = 0;
    while (at < bytes.length) {
      const part = bytes.subarray(at, at + blockBytes - this.#fill);
      this.#buffer.set(part, this.#fill);
      this.#fill += part.length;
      at += part.length;
      if (this.#fill === blockBytes) {
        this.flush();
        this.#onGrowth();
      }
    }
  }

  flush(): void {
    for (let at = 0; at < this.#fill;) {
      const start = at;
      at += onDisk(() => writeSync(this.#descriptor, this.#buffer, start, this.#fill - start));
    }
    this.bytes += this.#fill;
    this.#fill = 0;
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}

function onDisk<Value>(work: () => Value): Value {
  try {
    return work();
  } catch (cause) {
    throw new GitMirrorError('GM_SYSTEM', 'A pack cannot be kept in the cache: the disk is full or fails', { cause });
  }
}
