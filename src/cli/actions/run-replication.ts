import type { CallOptions } from '../../sync/progress.ts';
import type { OperationMode } from '../../sync/request.ts';
import type { SyncResult } from '../../sync/result.ts';
import type { UnstableSyncRequest } from '../../sync/unstable-client.ts';
import { statusOfResult } from '../exit-status.ts';
import type { Invocation } from '../invocation.ts';
import { renderSyncReport } from '../output/sync-report.ts';
import type { ReplicationClient } from '../replication-client.ts';
import { replicationRequest } from '../replication-request.ts';
import { runWithClient } from './open-run.ts';

type Operation = (client: ReplicationClient, request: UnstableSyncRequest, options: CallOptions) => Promise<SyncResult>;

async function runOperation(invocation: Invocation, operate: Operation): Promise<number> {
  const request = replicationRequest(invocation.commandName, invocation.operands, invocation.flags);
  const { result, console } = await runWithClient(invocation, (client, options) => operate(client, request, options));
  console.writeResult(result, (settings) => renderSyncReport(result, settings));
  return statusOfResult(result);
}

/** The request for a plan of what `mode` would do with `request`. */
function planRequest(request: UnstableSyncRequest, mode: OperationMode): UnstableSyncRequest {
  return { ...request, policy: { ...request.policy, mode } };
}

/** `git mirror plan`. */
export function runPlan(invocation: Invocation): Promise<number> {
  return runOperation(invocation, (client, request, options) => client.plan(request, options));
}

/** `git mirror sync`. */
export function runSync(invocation: Invocation): Promise<number> {
  return runOperation(invocation, (client, request, options) =>
    invocation.flags.dryRun === true
      ? client.plan(planRequest(request, 'sync'), options)
      : client.sync(request, options),
  );
}

/** `git mirror replicate`. */
export function runReplicate(invocation: Invocation): Promise<number> {
  return runOperation(invocation, (client, request, options) =>
    invocation.flags.dryRun === true
      ? client.plan(planRequest(request, 'replicate'), options)
      : client.replicate(request, options),
  );
}

/** `git mirror bootstrap`. */
export function runBootstrap(invocation: Invocation): Promise<number> {
  return runOperation(invocation, (client, request, options) => client.bootstrap(request, options));
}
