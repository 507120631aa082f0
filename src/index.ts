/**
 * Replicate Git repositories from remote to remote, with no clone in between.
 *
 * @module git-mirror
 */
export { errorMeanings, GitMirrorError, isGitMirrorError, type ErrorCode, type ErrorDetails } from './core/error.ts';
export type { RefKind } from './core/ref-name.ts';
export { StaticAuthProvider } from './sync/auth-provider.ts';
export type { Client, Options } from './sync/client.ts';
export { createClient } from './sync/create-client.ts';
export type { CallOptions, ProgressEvent, ProgressPhase } from './sync/progress.ts';
export { RefRejectedError, TargetRefMovedError } from './sync/ref-errors.ts';
export type {
  OperationMode,
  PlanRequest,
  ProbeRequest,
  ProtocolMode,
  RefMapping,
  RefScope,
  RewritePolicy,
  SyncPolicy,
  SyncRequest,
} from './sync/request.ts';
export type {
  Action,
  BatchSummary,
  ErrorInfo,
  ExecutionSummary,
  Measurement,
  PlanResult,
  ProbeResult,
  RefInfo,
  RefPlan,
  RefResult,
  ServiceStats,
  SideThroughput,
  Stats,
  SyncCounts,
  SyncResult,
  TargetResult,
  TransferMode,
} from './sync/result.ts';
export type { AuthProvider, Endpoint, EndpointAuth, EndpointRole } from './transport/endpoint.ts';
