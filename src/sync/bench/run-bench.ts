import { availableParallelism } from 'node:os';
import { GitMirrorError } from '../../core/error.ts';
import { version } from '../../core/version.ts';
import type { Endpoint } from '../../transport/endpoint.ts';
import type { CallOptions } from '../progress.ts';
import type { ProbeResult, SyncResult } from '../result.ts';
import type { UnstableClient } from '../unstable-client.ts';
import { benchRun, summarizeScenario, type BenchReport, type BenchRun } from './bench-report.ts';
import { benchScenarios, resolveBench, type BenchRequest, type BenchScenario } from './bench-request.ts';
import { LocalTargets } from './bench-targets.ts';

/** The part of the client that a bench needs. */
export type BenchClient = Pick<UnstableClient, 'probe' | 'bootstrap' | 'sync'>;

/** Options of a bench. */
export interface BenchCallOptions extends CallOptions {
  /** Environment of the `git` that makes targets. Default `process.env`. */
  readonly env?: NodeJS.ProcessEnv | undefined;
}

/**
 * Repeats scenarios, each run with a target of its own, and reports what each took. A run fills its target, which is
 * the scenario `bootstrap`, and goes on from there; what was not asked for is carried out all the same where a later
 * scenario builds on it, and not reported.
 *
 * Unless it was asked for by name, `incremental` is left out where the source has no branch with enough history. The newest
 * commits are taken from the target's refs for it, not from its objects: everything is sent and checked, but what lies
 * there already is not written again.
 *
 * The first failure ends the bench. Throws what the client throws, `GM_USAGE` for a request that makes no sense,
 * `GM_SYSTEM` when targets cannot be made. Targets that were made are deleted in any case, unless they are to be kept.
 */
export async function runBench(
  client: BenchClient,
  request: BenchRequest,
  { env = process.env, ...call }: BenchCallOptions = {},
): Promise<BenchReport> {
  const { scenarios, runs, commits } = resolveBench(request);
  const startedAt = new Date().toISOString();
  const probed = await client.probe({ source: request.source, protocol: request.policy?.protocol }, call);
  const made =
    request.targets === undefined
      ? await LocalTargets.open({
          dir: request.targetsDir,
          keep: request.keepTargets === true,
          format: probed.sourceCapabilities.includes('object-format=sha256') ? 'sha256' : 'sha1',
          env,
          signal: call.signal,
        })
      : undefined;
  const results: Record<BenchScenario, BenchRun[]> = { bootstrap: [], noop: [], incremental: [] };
  try {
    for (let run = 0; run < runs; run += 1) {
      const path = await made?.make();
      const target = request.targets?.[run] ?? { url: path ?? '' };
      const bench = new TargetBench(client, request, target, call);

      const filled = await bench.measure('bootstrap', results);
      if (scenarios.has('noop')) await bench.measure('noop', results);
      if (scenarios.has('incremental') && made !== undefined && path !== undefined) {
        const branch = branchToSetBack(filled, probed);
        if (branch !== undefined && (await made.setBack(path, branch, commits))) {
          await bench.measure('incremental', results);
        } else if (request.scenarios !== undefined) throw nothingToBring(branch, commits);
      }
      if (path !== undefined) await made?.remove(path);
    }
  } finally {
    await made?.close();
  }
  return {
    version,
    node: process.version,
    git: made?.gitVersion ?? '',
    platform: `${process.platform} ${process.arch}`,
    cores: availableParallelism(),
    startedAt,
    sourceUrl: probed.sourceUrl,
    protocol: probed.protocol,
    scenarios: benchScenarios
      .filter((name) => scenarios.has(name) && results[name].length > 0)
      .map((name) => summarizeScenario(name, results[name])),
  };
}

/** The scenarios against one target, in the order in which they build on each other. */
class TargetBench {
  readonly #client: BenchClient;
  readonly #request: BenchRequest;
  readonly #target: Endpoint;
  readonly #call: CallOptions;

  constructor(client: BenchClient, request: BenchRequest, target: Endpoint, call: CallOptions) {
    this.#client = client;
    this.#request = request;
    this.#target = target;
    this.#call = call;
  }

  async measure(scenario: BenchScenario, results: Readonly<Record<BenchScenario, BenchRun[]>>): Promise<SyncResult> {
    const { source, scope, policy, advanced } = this.#request;
    const request = {
      source,
      target: this.#target,
      scope,
      policy,
      advanced,
      collectStats: true,
      measureMemory: true,
    };
    const start = performance.now();
    const result =
      scenario === 'bootstrap'
        ? await this.#client.bootstrap(request, this.#call)
        : await this.#client.sync(request, this.#call);
    results[scenario].push(benchRun(result, performance.now() - start));
    return result;
  }
}

/** The target's branch for HEAD of the source, or its first branch. */
function branchToSetBack({ refs }: SyncResult, { sourceHead }: ProbeResult): string | undefined {
  const branches = refs.filter(({ kind, action }) => kind === 'branch' && action === 'create');
  return (branches.find(({ sourceRef }) => sourceRef === sourceHead) ?? branches[0])?.targetRef;
}

function nothingToBring(branch: string | undefined, commits: number): GitMirrorError {
  const why =
    branch === undefined
      ? 'there is no branch in scope'
      : `the history of ${branch} has no more than ${commits} commits`;
  return new GitMirrorError('GM_USAGE', `scenarios cannot hold incremental: ${why}.`, {
    details: { field: 'scenarios' },
  });
}
