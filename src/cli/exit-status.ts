import { errorMeanings } from '../core/error.ts';
import type { SyncResult } from '../sync/result.ts';

/** Exit status of the program, as listed in docs/usage.md. */
export const exitStatus = { done: 0, failed: 1, usage: 2, blocked: 3 } as const;

/** Status after a signal, as shells count it: 128 and the signal's number. */
export const signalStatus = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/** Status for a finished run: a failed target weighs more than a blocked ref. */
export function statusOfResult(result: SyncResult): number {
  const targets = result.targets ?? [result];
  const failures = targets.flatMap((target) => (target.error === undefined ? [] : [target.error]));
  const [failure] = failures;
  if (failure !== undefined) {
    const statuses = failures.map(({ code }) => errorMeanings[code].exitStatus);
    // Blocked everywhere it failed: still blocked. Anything else is a failure.
    return new Set(statuses).size === 1 ? errorMeanings[failure.code].exitStatus : exitStatus.failed;
  }
  return targets.some((target) => target.counts.blocked > 0) ? exitStatus.blocked : exitStatus.done;
}
