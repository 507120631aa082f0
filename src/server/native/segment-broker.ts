import type { FoundDelta } from '../../packing/delta-searcher.ts';
import type { DeltaSegment } from '../../packing/delta-segment.ts';
import type { PackSettings } from '../../packing/pack-settings.ts';
import type { ThreadError } from './thread-error.ts';

/** A run of delta candidates of the repository in `directory`, to be searched in some thread. */
export interface SegmentTask {
  readonly directory: string;
  readonly segment: DeltaSegment;
  readonly settings: PackSettings;
}

/** What came of a segment. */
export type SegmentOutcome =
  | { readonly found: readonly FoundDelta[]; readonly error?: undefined }
  | { readonly found?: undefined; readonly error: ThreadError };

/** How the broker reaches threads, which it knows by number. */
export interface SegmentThreads {
  /** Threads that may search, the most suitable first. */
  readonly candidates: () => readonly number[];
  readonly search: (thread: number, id: number, task: SegmentTask) => void;
  readonly abort: (thread: number, id: number) => void;
  readonly answer: (thread: number, ask: number, outcome: SegmentOutcome) => void;
  readonly progress: (thread: number, ask: number, done: number) => void;
}

interface Job {
  readonly id: number;
  /** Who asked, and its own number for it. */
  readonly asker: number;
  readonly ask: number;
  readonly task: SegmentTask;
  runner: number | undefined;
}

/**
 * Hands segments from the threads that need them searched to those that have time, the asking one among them: one at a
 * time each, first come, first served. The main thread's part of a parallel delta search.
 */
export class SegmentBroker {
  readonly #threads: SegmentThreads;
  readonly #waiting: Job[] = [];
  readonly #running = new Map<number, Job>();
  #nextId = 0;

  constructor(threads: SegmentThreads) {
    this.#threads = threads;
  }

  /** `asker` wants a segment searched. */
  ask(asker: number, ask: number, task: SegmentTask): void {
    this.#waiting.push({ id: this.#nextId++, asker, ask, task, runner: undefined });
    this.#handOut();
  }

  /** `asker` does not want it any longer; it gets no answer. */
  cancel(asker: number, ask: number): void {
    const isMeant = (job: Job): boolean => job.asker === asker && job.ask === ask;
    const index = this.#waiting.findIndex(isMeant);
    if (index >= 0) this.#waiting.splice(index, 1);
    for (const job of this.#running.values()) {
      if (isMeant(job) && job.runner !== undefined) this.#threads.abort(job.runner, job.id);
    }
  }

  progress(id: number, done: number): void {
    const job = this.#running.get(id);
    if (job !== undefined) this.#threads.progress(job.asker, job.ask, done);
  }

  /** A thread is done with a segment. */
  done(id: number, outcome: SegmentOutcome): void {
    const job = this.#running.get(id);
    if (job === undefined) return;
    this.#running.delete(id);
    this.#threads.answer(job.asker, job.ask, outcome);
    this.#handOut();
  }

  /** `thread` is gone: what it was searching fails, and what it asked for is not wanted any longer. */
  lose(thread: number, error: ThreadError): void {
    for (const job of [...this.#waiting, ...this.#running.values()]) {
      if (job.asker === thread) this.cancel(job.asker, job.ask);
      if (job.runner === thread) this.done(job.id, { error });
    }
  }

  #handOut(): void {
    const busy = new Set([...this.#running.values()].map(({ runner }) => runner));
    for (const thread of this.#threads.candidates()) {
      if (busy.has(thread)) continue;
      const job = this.#waiting.shift();
      if (job === undefined) return;
      job.runner = thread;
      this.#running.set(job.id, job);
      this.#threads.search(thread, job.id, job.task);
    }
  }
}
