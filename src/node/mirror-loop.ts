import { setTimeout as delay } from 'node:timers/promises';
import { GitMirrorError, isGitMirrorError, messageOf } from '../core/error.ts';
import { redactUrls } from '../transport/display-url.ts';
import type { Logger } from './logger.ts';
import type { Replica } from './replica.ts';
import { syncFields, syncMessage, type SyncFacts } from './sync-line.ts';
import { nextSyncDelayMs } from './sync-schedule.ts';
import type { TaskGate } from './task-gate.ts';

/** What a loop works with. */
export interface MirrorLoopOptions {
  readonly replica: Replica;
  readonly intervalMs: number;
  /** Sync once and end. */
  readonly once: boolean;
  /** Shared by all loops: how many syncs run at one time. */
  readonly gate: TaskGate;
  readonly logger: Logger;
  /** A sync has succeeded; the copy can be served. */
  readonly onSynced: (facts: SyncFacts) => Promise<void>;
}

/**
 * Keeps one repository fresh, one sync at a time.
 *
 *     waiting for a place → syncing → (ok) interval → waiting for a place …
 *                                   → (failed) back-off, longer each time → waiting for a place …
 *
 * `stopSignal` ends every wait; `syncSignal` ends the sync itself, so that a running one can be given time to finish.
 * An error is logged when it is not the one that was logged last.
 */
export class MirrorLoop {
  /** Whether the first sync succeeded; false as well when the loop ended before it had run. */
  readonly firstSync: Promise<boolean>;
  /** Resolves when the loop has ended; never rejects. */
  readonly ended: Promise<void>;
  readonly #options: MirrorLoopOptions;
  #failures = 0;
  #loggedError: string | undefined;

  constructor(options: MirrorLoopOptions, stopSignal: AbortSignal, syncSignal: AbortSignal) {
    this.#options = options;
    let settle: (succeeded: boolean) => void = () => undefined;
    this.firstSync = new Promise((resolve) => {
      settle = resolve;
    });
    this.ended = this.#run(stopSignal, syncSignal, settle).finally(() => {
      settle(false);
    });
  }

  async #run(stopSignal: AbortSignal, syncSignal: AbortSignal, onResult: (ok: boolean) => void): Promise<void> {
    const { gate, intervalMs, once } = this.#options;
    while (!stopSignal.aborted) {
      const outcome = await gate.run(async () => (stopSignal.aborted ? undefined : this.#syncOnce(syncSignal)));
      if (outcome === undefined) return;
      onResult(outcome.ok);
      if (once) return;
      const { retryAfterMs } = outcome;
      const ms = nextSyncDelayMs({ intervalMs, failures: this.#failures, retryAfterMs, random: Math.random() });
      await delay(ms, undefined, { signal: stopSignal }).catch(() => undefined);
    }
  }

  async #syncOnce(signal: AbortSignal): Promise<{ readonly ok: boolean; readonly retryAfterMs?: number | undefined }> {
    const { replica, logger } = this.#options;
    try {
      const facts = await replica.sync(signal);
      await this.#options.onSynced(facts);
      this.#failures = 0;
      this.#loggedError = undefined;
      logger.log('info', 'synced', syncMessage(facts), syncFields(facts));
      await this.#tidy(facts, signal);
      return { ok: true };
    } catch (error) {
      if (!signal.aborted) this.#failed(error);
      return { ok: false, retryAfterMs: retryAfterOf(error) };
    }
  }

  /** The copy is fresh, whatever becomes of its upkeep. */
  async #tidy(facts: SyncFacts, signal: AbortSignal): Promise<void> {
    const { replica, logger } = this.#options;
    try {
      await replica.tidy(facts, signal);
    } catch (error) {
      if (signal.aborted) return;
      const message = `${replica.name}: packing the copy failed: ${messageOf(error)}`;
      logger.log('warn', 'upkeep-failed', message, { repository: replica.name });
    }
  }

  #failed(error: unknown): void {
    this.#failures += 1;
    const { replica, logger } = this.#options;
    const message = redactUrls(messageOf(error));
    if (message === this.#loggedError) return;
    this.#loggedError = message;
    logger.log('error', 'sync-failed', `${replica.name}: ${message}`, {
      repository: replica.name,
      ...(isGitMirrorError(error) ? { code: error.code } : {}),
    });
  }
}

function retryAfterOf(error: unknown): number | undefined {
  if (!(error instanceof GitMirrorError)) return undefined;
  const { retryAfterMs } = error.details;
  return typeof retryAfterMs === 'number' && Number.isFinite(retryAfterMs) ? retryAfterMs : undefined;
}
