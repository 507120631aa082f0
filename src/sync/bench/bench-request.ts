import { GitMirrorError } from '../../core/error.ts';
import type { Endpoint } from '../../transport/endpoint.ts';
import type { AdvancedOptions } from '../advanced-options.ts';
import type { RefScope, SyncPolicy } from '../request.ts';

/**
 * What is measured. `bootstrap`: filling an empty target; `noop`: a sync with nothing to do; `incremental`: a sync of a
 * target whose main branch lies a few commits behind.
 */
export const benchScenarios = ['bootstrap', 'noop', 'incremental'] as const;

/** One of {@link benchScenarios}. */
export type BenchScenario = (typeof benchScenarios)[number];

const maxRuns = 10_000;

/** Asks for scenarios to be repeated, each run with a target of its own. */
export interface BenchRequest {
  readonly source: Endpoint;
  /** Repositories without refs, one for each run. Default: bare repositories that are made for the purpose. */
  readonly targets?: readonly Endpoint[] | undefined;
  /** Where those are made. Default: the system's temporary folder. */
  readonly targetsDir?: string | undefined;
  /** Leave the targets that were made where they are. */
  readonly keepTargets?: boolean | undefined;
  /** Default: all, without `incremental` when `targets` are given. */
  readonly scenarios?: readonly BenchScenario[] | undefined;
  /** Default 3, or one for each of `targets`. */
  readonly runs?: number | undefined;
  /** How many commits, by first parents, an incremental sync has to bring. Default 1. */
  readonly commits?: number | undefined;
  readonly scope?: RefScope | undefined;
  readonly policy?: SyncPolicy | undefined;
  readonly advanced?: AdvancedOptions | undefined;
}

/** A {@link BenchRequest} with every default in its place. */
export interface ResolvedBench {
  readonly scenarios: ReadonlySet<BenchScenario>;
  readonly runs: number;
  readonly commits: number;
}

/** Checks what the client itself does not check. Throws `GM_USAGE`; `details.field` names the field. */
export function resolveBench(request: BenchRequest): ResolvedBench {
  const { targets, commits = 1 } = request;
  const runs = request.runs ?? targets?.length ?? 3;
  if (!isCount(runs)) throw usageError('runs', `must be a whole number from 1 to ${maxRuns}.`);
  if (!isCount(commits)) throw usageError('commits', `must be a whole number from 1 to ${maxRuns}.`);
  if (targets !== undefined && targets.length !== runs) {
    throw usageError('targets', `must hold one empty repository for each of the ${runs} runs, not ${targets.length}.`);
  }
  if (targets !== undefined && request.targetsDir !== undefined) {
    throw usageError('targetsDir', 'is where targets are made, and contradicts targets that are named.');
  }
  const scenarios =
    request.scenarios ?? benchScenarios.filter((name) => targets === undefined || name !== 'incremental');
  if (scenarios.length === 0) throw usageError('scenarios', 'must name at least one.');
  const unknown = scenarios.find((name) => !benchScenarios.includes(name));
  if (unknown !== undefined) throw usageError('scenarios', `knows ${benchScenarios.join(', ')}, not '${unknown}'.`);
  if (targets !== undefined && scenarios.includes('incremental')) {
    throw usageError(
      'scenarios',
      'cannot hold incremental with targets that are named: their branches cannot be set back.',
    );
  }
  return { scenarios: new Set(scenarios), runs, commits };
}

function isCount(value: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= maxRuns;
}

function usageError(field: string, problem: string): GitMirrorError {
  return new GitMirrorError('GM_USAGE', `${field} ${problem}`, { details: { field } });
}
