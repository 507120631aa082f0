import { availableParallelism } from 'node:os';
import { GitMirrorError } from '../../core/error.ts';
import { PackLedger } from './pack-ledger.ts';
import { PoolWorker } from './pool-worker.ts';
import { SegmentBroker } from './segment-broker.ts';
import { encodeThreadError } from './thread-error.ts';
import type { PackMessage, SegmentFromWorker, WorkerSettings } from './thread-messages.ts';
import type { StartedExchange, WorkerExchange } from './worker-exchange.ts';

/** More threads than this only cost memory: each keeps indexes and caches of its own. */
const maxWorkers = 16;
/** A worker that dies again within this time is not replaced at once. */
const restartDelayMs = 500;
/** So long after the first threads the others are started, though nobody needs them yet. */
const warmUpDelayMs = 500;
/** What starting a thread costs, in halves of an exchange. */
const notReadyCost = 3;

/**
 * `quick`: an answer that reads refs at most (advertisements, ls-refs, object-info). `long`: anything that may walk history.
 * They run on different threads, so that no clone ever delays a handshake.
 */
export type Lane = 'quick' | 'long';

/** How a pool is set up. */
export interface WorkerPoolOptions {
  readonly settings: Omit<WorkerSettings, 'searchThreads'>;
  /** Threads for long work; default one a core. The first one of each lane starts at once, the others a moment later. */
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
  readonly #settings: WorkerSettings;
  readonly #onLost: (error: Error | undefined) => void;
  readonly #lanes: Readonly<Record<Lane, (Seat | undefined)[]>>;
  readonly #ledger: PackLedger | undefined;
  readonly #broker: SegmentBroker;
  readonly #restarts = new Set<NodeJS.Timeout>();
  readonly #warmUp: NodeJS.Timeout;
  #nextNumber = 0;
  #isClosed = false;

  constructor(options: WorkerPoolOptions) {
    const { cache, workers = availableParallelism() } = options;
    const count = Math.max(1, Math.min(maxWorkers, workers));
    this.#settings = { ...options.settings, searchThreads: count };
    this.#onLost = options.onLost ?? (() => undefined);
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
    this.#broker = new SegmentBroker({
      candidates: () => this.#lanes.long.flatMap((seat) => seat?.number ?? []),
      search: (number, segment, task) => {
        this.#seat(number)?.worker.post({ type: 'segment-search', segment, task });
      },
      abort: (number, segment) => {
        this.#seat(number)?.worker.post({ type: 'segment-abort', segment });
      },
      answer: (number, ask, outcome) => {
        this.#seat(number)?.worker.post({ type: 'segment-answer', ask, outcome });
      },
      progress: (number, ask, done) => {
        this.#seat(number)?.worker.post({ type: 'segment-progress', ask, done });
      },
    });
    this.#lanes = { quick: [undefined], long: new Array<undefined>(count).fill(undefined) };
    for (const lane of ['quick', 'long'] as const) this.#startOneMore(lane);
    this.#warmUp = setTimeout(() => {
      this.#startAll();
    }, warmUpDelayMs);
    this.#warmUp.unref();
  }

  /** Begins an exchange on the thread that suits it best: one that is free and knows the repository, if there is one. */
  start(lane: Lane, exchange: StartedExchange): WorkerExchange {
    const worker = this.#choose(lane, exchange.start.directory);
    if (worker === undefined) {
      throw new GitMirrorError('GM_BUSY', 'No thread is there to serve this request. Try again in a moment.');
    }
    return worker.start(exchange);
  }

  /** Ends all threads; what they were doing fails. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const timer of [this.#warmUp, ...this.#restarts]) clearTimeout(timer);
    await Promise.all(this.#seats().map(({ worker }) => worker.stop()));
  }

  #choose(lane: Lane, directory: string): PoolWorker | undefined {
    let best: PoolWorker | undefined;
    let bestCost = Infinity;
    for (const seat of this.#lanes[lane]) {
      if (seat === undefined) continue;
      const { worker } = seat;
      // Opening a repository again costs less than waiting behind another exchange.
      const cost = 2 * worker.load + (worker.knows(directory) ? 0 : 1) + (worker.isReady ? 0 : notReadyCost);
      if (cost < bestCost) {
        best = worker;
        bestCost = cost;
      }
    }
    // It takes turns with what the thread has; whoever comes next finds one more.
    if (best !== undefined && best.load > 0) this.#startOneMore(lane);
    return best;
  }

  #startAll(): void {
    while (this.#startOneMore('long'));
  }

  /** Starts a thread for the first seat of the lane that has none and is not about to get one. */
  #startOneMore(lane: Lane): boolean {
    const index = this.#lanes[lane].findIndex((seat) => seat === undefined);
    if (index < 0 || this.#isClosed || this.#restarts.size > 0) return false;
    this.#start(lane, index);
    return true;
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
    const worker = new PoolWorker(this.#settings, {
      onExit: (error) => {
        this.#lanes[lane][index] = undefined;
        if (this.#isClosed) return;
        const lost = encodeThreadError(
          new GitMirrorError('GM_INTERNAL', 'The thread that was making this pack has ended', { cause: error }),
        );
        this.#ledger?.lose(number, lost);
        this.#broker.lose(number, lost);
        this.#onLost(error);
        this.#restart(lane, index, startedAt);
      },
      onPackMessage: (message) => {
        this.#onPackMessage(number, worker, message);
      },
      onSegmentMessage: (message) => {
        this.#onSegmentMessage(number, message);
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

  #onSegmentMessage(number: number, message: SegmentFromWorker): void {
    switch (message.type) {
      case 'segment-ask':
        this.#startAll();
        this.#broker.ask(number, message.ask, message.task);
        break;
      case 'segment-cancel':
        this.#broker.cancel(number, message.ask);
        break;
      case 'segment-progress':
        this.#broker.progress(message.segment, message.done);
        break;
      case 'segment-done':
        this.#broker.done(message.segment, message.outcome);
        break;
    }
  }
}
