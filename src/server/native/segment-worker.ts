import type { DeltaSearchOptions, FoundDelta } from '../../packing/delta-searcher.ts';
import { searchSegment } from '../../packing/delta-segment.ts';
import type { SegmentRunner } from '../../packing/parallel-delta-searcher.ts';
import { GitMirrorError } from '../../core/error.ts';
import type { RepositoryCache } from '../../repository/open-repository.ts';
import type { SegmentOutcome, SegmentTask } from './segment-broker.ts';
import { decodeThreadError, encodeThreadError } from './thread-error.ts';
import type { SegmentFromWorker, SegmentToWorker } from './thread-messages.ts';

interface Ask {
  readonly onProgress: (done: number) => void;
  readonly settle: (outcome: SegmentOutcome) => void;
}

/** A worker's part of a parallel delta search: asks for segments to be searched, and searches those of others. */
export class SegmentWorker {
  readonly #repositories: RepositoryCache;
  readonly #threads: number;
  readonly #post: (message: SegmentFromWorker) => void;
  readonly #asks = new Map<number, Ask>();
  readonly #searches = new Map<number, AbortController>();
  #nextAsk = 0;

  /** @param threads - threads that search, this one among them. */
  constructor(repositories: RepositoryCache, threads: number, post: (message: SegmentFromWorker) => void) {
    this.#repositories = repositories;
    this.#threads = threads;
    this.#post = post;
  }

  /** Has segments of the repository in `directory` searched, in whatever thread. */
  runnerFor(directory: string): SegmentRunner {
    return {
      threads: this.#threads,
      run: (segment, settings, options) => this.#run({ directory, segment, settings }, options),
    };
  }

  receive(message: SegmentToWorker): void {
    switch (message.type) {
      case 'segment-search':
        void this.#search(message.segment, message.task);
        break;
      case 'segment-abort':
        this.#searches.get(message.segment)?.abort(new GitMirrorError('GM_NETWORK', 'These deltas are not wanted now'));
        break;
      case 'segment-progress':
        this.#asks.get(message.ask)?.onProgress(message.done);
        break;
      case 'segment-answer':
        this.#asks.get(message.ask)?.settle(message.outcome);
        this.#asks.delete(message.ask);
        break;
    }
  }

  async #run(task: SegmentTask, { signal, onProgress }: DeltaSearchOptions): Promise<readonly FoundDelta[]> {
    signal.throwIfAborted();
    const ask = this.#nextAsk++;
    const answer = Promise.withResolvers<SegmentOutcome>();
    const onAbort = (): void => {
      this.#asks.delete(ask);
      this.#post({ type: 'segment-cancel', ask });
      answer.reject(signal.reason);
    };
    this.#asks.set(ask, { onProgress, settle: answer.resolve });
    signal.addEventListener('abort', onAbort, { once: true });
    this.#post({ type: 'segment-ask', ask, task });
    try {
      const { found, error } = await answer.promise;
      if (error !== undefined) throw decodeThreadError(error);
      return found;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  async #search(segment: number, task: SegmentTask): Promise<void> {
    const controller = new AbortController();
    this.#searches.set(segment, controller);
    let outcome: SegmentOutcome;
    try {
      const lease = this.#repositories.acquire(task.directory);
      try {
        const found = await searchSegment(lease.repository.objects, task.segment, task.settings, {
          signal: controller.signal,
          onProgress: (done) => {
            this.#post({ type: 'segment-progress', segment, done });
          },
        });
        outcome = { found };
      } finally {
        lease.release();
      }
    } catch (error) {
      outcome = { error: encodeThreadError(error) };
    }
    this.#searches.delete(segment);
    this.#post({ type: 'segment-done', segment, outcome });
  }
}
