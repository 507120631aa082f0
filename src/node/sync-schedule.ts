const maxBackoffMs = 15 * 60 * 1000;
const maxRetryAfterMs = 60 * 60 * 1000;

/** What the time of the next sync depends on. */
export interface ScheduleInput {
  readonly intervalMs: number;
  /** Syncs that have failed one after the other, the last one included. */
  readonly failures: number;
  /** How long the upstream asked to be left alone. */
  readonly retryAfterMs?: number | undefined;
  /** From 0 to 1. */
  readonly random: number;
}

/**
 * Milliseconds until the next sync. The interval, give or take a tenth, so that repositories that began together do
 * not stay together. After failures it doubles each time, up to a quarter of an hour (or the interval, when that is
 * longer), and is never shorter than what the upstream asked for.
 */
export function nextSyncDelayMs({ intervalMs, failures, retryAfterMs = 0, random }: ScheduleInput): number {
  const doubled = intervalMs * 2 ** Math.min(Math.max(0, failures - 1), 20);
  const base = Math.min(doubled, Math.max(maxBackoffMs, intervalMs));
  return Math.round(Math.max(base * (0.9 + random * 0.2), Math.min(retryAfterMs, maxRetryAfterMs)));
}
