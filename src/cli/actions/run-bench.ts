import { writeFile } from 'node:fs/promises';
import { GitMirrorError, messageOf } from '../../core/error.ts';
import type { BenchRequest } from '../../sync/bench/bench-request.ts';
import { runBench } from '../../sync/bench/run-bench.ts';
import { exitStatus } from '../exit-status.ts';
import type { BenchFlags } from '../flags/bench-flags.ts';
import type { CommandFlags, Invocation } from '../invocation.ts';
import { renderBenchReport } from '../output/bench-report.ts';
import { jsonText } from '../output/json-text.ts';
import { replicationRequest } from '../replication-request.ts';
import { runWithClient } from './open-run.ts';

/** The request that the words and flags of the command line stand for. */
function benchRequest(operands: readonly string[], flags: CommandFlags & BenchFlags): BenchRequest {
  const [source = '', ...targets] = operands;
  const { scope, policy, advanced, ...ends } = replicationRequest('sync', [source], flags);
  const { followInfoRefsRedirect } = ends.source;
  return {
    source: ends.source,
    ...(targets.length === 0 ? {} : { targets: targets.map((url) => ({ url, followInfoRefsRedirect })) }),
    targetsDir: flags.targetsDir,
    keepTargets: flags.keepTargets,
    scenarios: flags.scenario,
    runs: flags.runs,
    commits: flags.commits,
    scope,
    policy,
    advanced,
  };
}

async function writeReport(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text);
  } catch (cause) {
    throw new GitMirrorError('GM_SYSTEM', `Writing the report to ${path} failed: ${messageOf(cause)}.`, { cause });
  }
}

/** `git mirror bench`. */
export async function runBenchCommand(invocation: Invocation): Promise<number> {
  const flags: CommandFlags & BenchFlags = invocation.flags;
  const request = benchRequest(invocation.operands, flags);
  const { env } = invocation.host;
  const { result, console } = await runWithClient(invocation, (client, options) =>
    runBench(client, request, { ...options, env }),
  );
  if (flags.report !== undefined) await writeReport(flags.report, jsonText(result));
  console.writeResult(result, (settings) => renderBenchReport(result, settings));
  return exitStatus.done;
}
