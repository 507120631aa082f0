import type { ServiceTally } from '../client/service-tally.ts';
import { GitMirrorError, messageOf } from '../core/error.ts';
import type { OperationMode } from './request.ts';
import type { ErrorInfo, RefResult, ServiceStats, Stats, SyncCounts, TargetResult } from './result.ts';
import type { ProgressReporter } from './progress-reporter.ts';
import type { TargetRun } from './target-run.ts';

/** Facts of a run that are the same for every target. */
export interface RunFacts {
  readonly dryRun: boolean;
  readonly protocol: string;
  readonly operationMode: OperationMode;
  readonly sourceHead: string;
}

/** How many refs ended in which way. */
export function countRefs(refs: readonly RefResult[]): SyncCounts {
  const count = (...actions: readonly string[]) => refs.filter(({ action }) => actions.includes(action)).length;
  return {
    applied: count('create', 'update'),
    skipped: count('skip'),
    blocked: count('block'),
    deleted: count('delete'),
    warned: count('warn'),
  };
}

/** The outcome at one target. */
export function targetResult(run: TargetRun, facts: RunFacts, error: unknown): TargetResult {
  return {
    targetUrl: run.url,
    refs: run.results,
    counts: countRefs(run.results),
    execution: {
      ...facts,
      relay: run.relay,
      transferMode: run.transferMode,
      reason: run.isBlocked ? 'refs are blocked, so nothing was pushed' : run.reason,
      bootstrapSuggested: run.isEmpty,
      batch: run.batch,
    },
    ...(error === undefined ? {} : { error: errorInfo(error) }),
  };
}

/** The outcome at a target that could not even be planned for. */
export function failedTarget(targetUrl: string, facts: RunFacts, error: unknown): TargetResult {
  return {
    targetUrl,
    refs: [],
    counts: countRefs([]),
    execution: {
      ...facts,
      relay: false,
      transferMode: 'none',
      reason: 'the target failed before anything was sent',
      bootstrapSuggested: false,
      batch: { enabled: false, planned: 0, done: 0 },
    },
    error: errorInfo(error),
  };
}

/** The form of any error in results and JSON. */
export function errorInfo(error: unknown): ErrorInfo {
  if (error instanceof GitMirrorError) return error.toJSON();
  return { code: 'GM_INTERNAL', message: messageOf(error), retryable: false, details: {} };
}

/** Traffic of a run, empty unless it was asked for. */
export function collectStats(
  enabled: boolean,
  tallies: readonly ServiceTally[],
  progress: ProgressReporter,
  elapsedMs: number,
): Stats {
  if (!enabled) return { enabled, items: {}, sides: [], elapsedMs };
  const items: Record<string, ServiceStats> = {};
  for (const { name, requests, requestBytes, responseBytes, wants, haves, commands } of tallies) {
    items[name] = { name, requests, requestBytes, responseBytes, wants, haves, commands };
  }
  return { enabled, items, sides: progress.throughput, elapsedMs };
}
