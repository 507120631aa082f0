import { exitStatus } from '../exit-status.ts';
import type { Invocation } from '../invocation.ts';
import { renderProbeReport } from '../output/probe-report.ts';
import { probeRequest } from '../replication-request.ts';
import { runWithClient } from './open-run.ts';

/** `git mirror probe`. */
export async function runProbe(invocation: Invocation): Promise<number> {
  const request = probeRequest(invocation.operands, invocation.flags);
  const { result, console } = await runWithClient(invocation, (client, options) => client.probe(request, options));
  console.writeResult(result, (settings) => renderProbeReport(result, settings));
  return exitStatus.done;
}
