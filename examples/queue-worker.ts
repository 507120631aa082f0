/**
 * A worker that syncs repositories as jobs come in. The queue is whatever you have; this one is an async iterable.
 *
 * A job that fails for a reason that may pass is given back to the queue, anything else is reported once.
 */
import { createClient, isGitMirrorError, type Client, type SyncResult } from 'git-mirror';

/** One job: copy the branches and tags of `source` to `target`. */
export interface SyncJob {
  readonly id: string;
  readonly source: string;
  readonly target: string;
}

/** What a queue has to offer. */
export interface JobQueue {
  /** Jobs as they come in, until the queue closes. */
  jobs(): AsyncIterable<SyncJob>;
  done(job: SyncJob, result: SyncResult): Promise<void>;
  retry(job: SyncJob, reason: string): Promise<void>;
  fail(job: SyncJob, reason: string): Promise<void>;
}

/** Works until the queue closes or `signal` aborts; an aborted job goes back to the queue. */
export async function work(queue: JobQueue, signal: AbortSignal, client: Client = createClient()): Promise<void> {
  for await (const job of queue.jobs()) {
    try {
      const result = await client.sync(
        { source: { url: job.source }, target: { url: job.target }, policy: { includeTags: true } },
        { signal },
      );
      if (result.counts.blocked > 0) await queue.fail(job, `${result.counts.blocked} refs are blocked`);
      else await queue.done(job, result);
    } catch (error) {
      if (signal.aborted) {
        await queue.retry(job, 'the worker is stopping');
        return;
      }
      if (isGitMirrorError(error) && error.retryable) await queue.retry(job, error.message);
      else await queue.fail(job, error instanceof Error ? error.message : String(error));
    }
  }
}
