import { availableParallelism } from 'node:os';
import type { ByteStream } from '../../core/byte-stream.ts';
import { GitMirrorError } from '../../core/error.ts';
import type { UploadObserver } from '../../upload/upload-observer.ts';
import { PackLedger } from './pack-ledger.ts';
import { PoolWorker } from './pool-worker.ts';
import { encodeThreadError } from './thread-error.ts';
import type { ExchangeStart, PackMessage, WorkerSettings } from './thread-messages.ts';
import type { WorkerExchange } from './worker-exchange.ts';

/** More threads than this only cost memory: each keeps indexes and caches of its own. */
const maxWorkers = 16;
/** A worker that dies again within this time is not replaced at once. */
const restartDelayMs = 500;

/**
 * `quick`: an answer that reads refs at most (advertisements, ls-refs, object-info). `long`: anything that may walk history.
 * They run on different threads, so that no clone ever delays a handshake.
 */
export type Lane = 'quick' | 'long';

/** How a pool is set up. */
export interface WorkerPoolOptions {
  readonly settings: WorkerSettings;
  /** Threads for long work; default one a core. They start before the first request. */
  readonly workers?: number | undefined;
  /** Folder for packs that are kept, for this pool alone, and how many bytes they may take. Undefined: none are kept. */
  readonly cache?: { readonly dir: string; readonly maxBytes: number } | undefined;
  /** A thread has ended, which it should not; another one takes its place. */
  readonly onLost?: ((error: Error | undefined) => void) | undefined;
}

interface Seat {
  /** Names the thread towards the ledger; never used again. */
  readonly number: number;
  readonly worker: PoolWorker;
}

/** The threads that serve. */
export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #lanes: Readonly<Record<Lane, (Seat | undefined)[]>>;
  readonly #ledger: PackLedger | undefined;
  readonly #restarts = new Set<NodeJS.Timeout>();
  #nextNumber = 0;
  #isClosed = false;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
    const { cache, workers = availableParallelism() } = options;
    this.#ledger =
      cache === undefined
        ? undefined
        : new PackLedger(cache.dir, cache.maxBytes, {
            onState: (number, pack, state) => {
              this.#seat(number)?.worker.post({ type: 'pack-state', pack, state });
            },
            onUnwanted: (number, pack) => {
              this.#seat(number)?.worker.post({ type: 'pack-unwanted', pack });
            },
          });
    const count = Math.max(1, Math.min(maxWorkers, workers));
    this.#lanes = { quick: [undefined], long: new Array<undefined>(count).fill(undefined) };
    for (const lane of ['quick', 'long'] as const) {
      for (const index of this.#lanes[lane].keys()) this.#start(lane, index);
    }
  }

  /** Begins an exchange on the thread that suits it best: one that is free and knows the repository, if there is one. */
  start(
    lane: Lane,
    start: ExchangeStart,
    input: ByteStream,
    observer: UploadObserver,
    signal: AbortSignal,
  ): WorkerExchange {
    const worker = this.#choose(lane, start.directory);
    if (worker === undefined) {
      throw new GitMirrorError('GM_BUSY', 'No thread is there to serve this request. Try again in a moment.');
    }
    return worker.start(start, input, observer, signal);
  }

  /** Ends all threads; what they were doing fails. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const timer of this.#restarts) clearTimeout(timer);
    await Promise.all(this.#seats().map(({ worker }) => worker.stop()));
  }

  #choose(lane: Lane, directory: string): PoolWorker | undefined {
    let best: PoolWorker | undefined;
    let bestCost = Infinity;
    for (const seat of this.#lanes[lane]) {
      if (seat === undefined) continue;
      const { worker } = seat;
      // Opening a repository again costs less than waiting behind another exchange.
      const cost = 2 * worker.load + (worker.knows(directory) ? 0 : 1);
      if (cost < bestCost) {
        best = worker;
        bestCost = cost;
      }
    }
    return best;
  }

  #seats(): Seat[] {
    return [...this.#lanes.quick, ...this.#lanes.long].filter((seat) => seat !== undefined);
  }

  #seat(number: number): Seat | undefined {
    return this.#seats().find((seat) => seat.number === number);
  }

  #start(lane: Lane, index: number): void {
    const startedAt = performance.now();
    const number = this.#nextNumber++;
    const worker = new PoolWorker(this.#options.settings, {
      onExit: (error) => {
        this.#lanes[lane][index] = undefined;
        if (this.#isClosed) return;
        const lost = new GitMirrorError('GM_INTERNAL', 'The thread that was making this pack has ended');
        this.#ledger?.lose(number, encodeThreadError(lost));
        this.#options.onLost?.(error);
        this.#restart(lane, index, startedAt);
      },
      onPackMessage: (message) => {
        this.#onPackMessage(number, worker, message);
      },
    });
    this.#lanes[lane][index] = { number, worker };
  }

  #restart(lane: Lane, index: number, startedAt: number): void {
    const delayMs = performance.now() - startedAt < restartDelayMs ? restartDelayMs : 0;
    const timer = setTimeout(() => {
      this.#restarts.delete(timer);
      this.#start(lane, index);
    }, delayMs);
    this.#restarts.add(timer);
  }

  #onPackMessage(number: number, worker: PoolWorker, message: PackMessage): void {
    const ledger = this.#ledger;
    switch (message.type) {
      case 'pack-claim': {
        const answer = ledger?.claim(number, message.key) ?? { role: 'direct' };
        worker.post({ type: 'pack-claimed', claim: message.claim, answer });
        break;
      }
      case 'pack-leave':
        ledger?.leave(number, message.pack);
        break;
      case 'pack-update':
        ledger?.update(number, message.pack, message.state);
        break;
    }
  }
}
