import { Worker } from 'node:worker_threads';
import { GitMirrorError } from '../../core/error.ts';
import type { FromWorker, PackMessage, SegmentFromWorker, ToWorker, WorkerSettings } from './thread-messages.ts';
import { WorkerExchange } from './worker-exchange.ts';
import type { StartedExchange } from './worker-exchange.ts';

/** Repositories that a worker is taken to have warm. */
const rememberedDirectories = 64;

// Node rewrites no URLs: run from source this file ends in .ts, built in .js.
const entry = new URL(import.meta.url.endsWith('.ts') ? './upload-worker.ts' : './upload-worker.js', import.meta.url);

/** What a worker of the pool tells its pool. */
export interface PoolWorkerEvents {
  /** It is gone, and all its exchanges have failed. */
  readonly onExit: (error: Error | undefined) => void;
  readonly onPackMessage: (message: PackMessage) => void;
  readonly onSegmentMessage: (message: SegmentFromWorker) => void;
}

/** One thread that runs exchanges, several at a time, taking turns. */
export class PoolWorker {
  readonly #worker: Worker;
  readonly #exchanges = new Map<number, WorkerExchange>();
  readonly #recent = new Set<string>();
  #nextId = 1;
  #isGone = false;
  #isReady = false;
  #error: Error | undefined;

  constructor(settings: WorkerSettings, events: PoolWorkerEvents) {
    this.#worker = new Worker(entry, { workerData: settings, name: 'git-mirror upload-pack' });
    this.#worker.on('message', (message: FromWorker) => {
      this.#receive(message, events);
    });
    this.#worker.on('error', (error: Error) => {
      this.#error = error;
    });
    this.#worker.on('exit', () => {
      this.#isGone = true;
      const lost = new GitMirrorError('GM_INTERNAL', 'The thread that served this request has ended', {
        cause: this.#error,
      });
      for (const exchange of this.#exchanges.values()) exchange.lose(lost);
      this.#exchanges.clear();
      events.onExit(this.#error);
    });
  }

  /** Exchanges it has at the moment. */
  get load(): number {
    return this.#exchanges.size;
  }

  /** Whether it has started, so that an exchange begins at once. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** Whether it served this repository lately, and so has it open. */
  knows(directory: string): boolean {
    return this.#recent.has(directory);
  }

  /** Begins an exchange. The caller reads its output, or aborts it. Throws the reason of a signal that is aborted. */
  start(started: StartedExchange): WorkerExchange {
    const { start, signal } = started;
    signal.throwIfAborted();
    const id = this.#nextId++;
    const exchange = new WorkerExchange(id, this.#post, started);
    if (this.#isGone) {
      exchange.lose(new GitMirrorError('GM_INTERNAL', 'The thread that should serve this request has ended'));
      return exchange;
    }
    this.#exchanges.set(id, exchange);
    void exchange.over.then(() => {
      this.#exchanges.delete(id);
    });
    this.#remember(start.directory);
    this.#post({ type: 'start', id, start });
    return exchange;
  }

  /** Ends the thread; what it was doing fails. */
  async stop(): Promise<void> {
    await this.#worker.terminate();
  }

  /** Sends a message; one to a thread that is gone is dropped. */
  post(message: ToWorker): void {
    this.#post(message);
  }

  readonly #post = (message: ToWorker): void => {
    if (!this.#isGone) this.#worker.postMessage(message);
  };

  #receive(message: FromWorker, events: PoolWorkerEvents): void {
    switch (message.type) {
      case 'ready':
        this.#isReady = true;
        break;
      case 'pack-claim':
      case 'pack-leave':
      case 'pack-update':
        events.onPackMessage(message);
        break;
      case 'segment-ask':
      case 'segment-cancel':
      case 'segment-progress':
      case 'segment-done':
        events.onSegmentMessage(message);
        break;
      default:
        this.#exchanges.get(message.id)?.receive(message);
    }
  }

  #remember(directory: string): void {
    this.#recent.delete(directory);
    this.#recent.add(directory);
    if (this.#recent.size <= rememberedDirectories) return;
    const [oldest] = this.#recent;
    if (oldest !== undefined) this.#recent.delete(oldest);
  }
}
