import { ServiceTally } from '../client/service-tally.ts';
import type { PackSource } from '../client/pack-source.ts';
import type { TargetSession } from '../client/target-session.ts';
import { GitMirrorError } from '../core/error.ts';
import { displayUrl } from '../transport/display-url.ts';
import type { Endpoint } from '../transport/endpoint.ts';
import type { Options } from './client.ts';
import { MemorySampler } from './measurement.ts';
import { openSource, openTarget, planTarget, type RunInput } from './prepare-run.ts';
import { ProgressReporter } from './progress-reporter.ts';
import type { CallOptions } from './progress.ts';
import { carryOut } from './replication.ts';
import type { OperationMode, PlanRequest } from './request.ts';
import { resolvePolicy } from './resolve-policy.ts';
import { ResolvedScope } from './resolve-scope.ts';
import type { SyncResult, TargetResult } from './result.ts';
import type { RunContext } from './run-context.ts';
import { collectStats, failedTarget, targetResult, type RunFacts } from './run-result.ts';
import type { TargetRun } from './target-run.ts';
import type { UnstableSyncRequest } from './unstable-client.ts';
import { validateSyncRequest } from './validate-request.ts';

/** One target of a run: planned for, or failed before that. */
type PlannedTarget =
  { readonly endpoint: Endpoint; readonly run: TargetRun } | { readonly endpoint: Endpoint; readonly error: unknown };

/**
 * A plan, sync or replicate. With one target its failure is thrown; with several it is in that target's result, and
 * only what concerns all of them (the request, the source) is thrown.
 */
export async function runSync(
  request: UnstableSyncRequest,
  called: OperationMode | undefined,
  dryRun: boolean,
  options: Options,
  { signal, onProgress }: CallOptions,
  { emptyTargetsOnly = false }: { readonly emptyTargetsOnly?: boolean } = {},
): Promise<SyncResult> {
  await validateSyncRequest(request, called);
  signal?.throwIfAborted();
  const sampler = new MemorySampler(request.measureMemory === true);
  const progress = new ProgressReporter(onProgress);
  const context: RunContext = { signal, progress, advanced: request.advanced ?? {} };
  const input = readInput(request, called);
  const tallies = { source: new ServiceTally('source git-upload-pack'), targets: targetTallies(input.targets) };
  const sessions: (PackSource | TargetSession)[] = [];
  const open = async <T extends PackSource | TargetSession>(session: Promise<T>): Promise<T> => {
    const opened = await session;
    sessions.push(opened);
    return opened;
  };

  try {
    progress.phase('connect', `connecting to ${displayUrl(input.source.url)}`);
    const targets = input.targets.map((endpoint, index) =>
      settle(open(openTarget(endpoint, input.protocol, options, context, tallies.targets[index] ?? tallies.source))),
    );
    const sourceOutcome = await settle(
      open(openSource(input.source, input.protocol, options, context, tallies.source)),
    );
    const targetOutcomes = await Promise.all(targets);
    if ('error' in sourceOutcome) throw sourceOutcome.error;
    const source = sourceOutcome.value;
    const isOnly = input.targets.length === 1;

    const scope = new ResolvedScope(input.scope, input.includeTags);
    const refs = await source.listRefs(scope.sourcePrefixes);
    const facts: RunFacts = {
      dryRun,
      protocol: source.protocol,
      operationMode: input.policy.mode,
      sourceHead: refs.head ?? '',
    };
    progress.phase('plan', 'comparing refs');
    const planned: PlannedTarget[] = [];
    for (const [index, endpoint] of input.targets.entries()) {
      const outcome = targetOutcomes[index];
      if (outcome === undefined) continue;
      try {
        if ('error' in outcome) throw outcome.error;
        const run = await planTarget(source, refs, outcome.value, input, context);
        if (emptyTargetsOnly) assertEmpty(run);
        planned.push({ endpoint, run });
      } catch (error) {
        signal?.throwIfAborted();
        if (isOnly) throw error;
        planned.push({ endpoint, error });
      }
    }
    const runs = planned.flatMap((target) => ('run' in target ? [target.run] : []));
    const errors = dryRun ? [] : await carryOut(source, refs.head, runs, context);
    const [firstError] = errors;
    // eslint-disable-next-line @typescript-eslint/only-throw-error -- it was caught as it is thrown again here
    if (isOnly && firstError !== undefined) throw firstError;
    progress.phase('done', 'done');

    const results = planned.map((target): TargetResult => {
      if ('error' in target) return failedTarget(displayUrl(target.endpoint.url), facts, target.error);
      return targetResult(target.run, facts, errors[runs.indexOf(target.run)]);
    });
    const [first] = results;
    if (first === undefined) throw new TypeError('a run has at least one target');
    const measurement = sampler.finish();
    return {
      ...first,
      sourceUrl: source.displayUrl,
      stats: collectStats(
        request.collectStats === true,
        [tallies.source, ...tallies.targets],
        progress,
        measurement.elapsedMillis,
      ),
      measurement,
      ...(refs.invalidNames.length === 0 ? {} : { ignoredRefs: refs.invalidNames }),
      ...(request.targets === undefined ? {} : { targets: results }),
    };
  } finally {
    sampler.finish();
    await Promise.all(sessions.map((session) => session.close()));
  }
}

function assertEmpty(run: TargetRun): void {
  if (run.isEmpty) return;
  throw new GitMirrorError('GM_USAGE', `${run.url} already has refs; bootstrap is for empty targets. Use sync.`, {
    details: { field: 'target' },
  });
}

function readInput(request: PlanRequest, called: OperationMode | undefined): RunInput {
  const { policy = {}, scope = {} } = request;
  return {
    source: request.source,
    targets: request.targets ?? (request.target === undefined ? [] : [request.target]),
    scope,
    includeTags: policy.includeTags === true || scope.allRefs === true,
    policy: resolvePolicy(policy, called ?? policy.mode ?? 'sync'),
    protocol: policy.protocol ?? 'auto',
  };
}

function targetTallies(targets: readonly Endpoint[]): readonly ServiceTally[] {
  return targets.map(
    (_, index) => new ServiceTally(`target${targets.length > 1 ? ` ${index + 1}` : ''} git-receive-pack`),
  );
}

type Settled<T> = { readonly value: T } | { readonly error: unknown };

async function settle<T>(promise: Promise<T>): Promise<Settled<T>> {
  try {
    return { value: await promise };
  } catch (error) {
    return { error };
  }
}
