import type { ErrorCode, ErrorDetails } from '../core/error.ts';
import type { RefKind } from '../core/ref-name.ts';
import type { OperationMode, ProtocolMode } from './request.ts';

/** What happens, or happened, to a ref of the target. `warn`: refused by the target in a best-effort run. */
export type Action = 'create' | 'update' | 'delete' | 'skip' | 'block' | 'warn';

/** A ref and the object it names (hexadecimal). */
export interface RefInfo {
  readonly name: string;
  readonly hash: string;
}

/** One ref of the target and what is done to it. Hashes are hexadecimal, empty where there is no object. */
export interface RefResult {
  /** Short name, as people say it. */
  readonly branch: string;
  readonly sourceRef: string;
  readonly targetRef: string;
  readonly sourceHash: string;
  readonly targetHash: string;
  readonly kind: RefKind;
  readonly action: Action;
  /** Why, in a few words. */
  readonly reason: string;
}

/** A {@link RefResult} that has not been carried out. */
export type RefPlan = RefResult;

/** How many refs ended in which way. `applied` counts creates and updates. */
export interface SyncCounts {
  readonly applied: number;
  readonly skipped: number;
  readonly blocked: number;
  readonly deleted: number;
  readonly warned: number;
}

/** How a bootstrap was cut into pushes. */
export interface BatchSummary {
  readonly enabled: boolean;
  readonly planned: number;
  readonly done: number;
}

/**
 * Which way the objects took. `none`: no objects had to move; `bootstrap`: one relay to an empty target; `batched`: a
 * relay in steps; `incremental`: one relay on top of what the target has; `replicate`: one relay that overwrites;
 * `materialized`: by way of a temporary store.
 */
export type TransferMode = 'none' | 'bootstrap' | 'batched' | 'incremental' | 'replicate' | 'materialized';

/** How a run was carried out. */
export interface ExecutionSummary {
  readonly dryRun: boolean;
  /** Protocol version spoken to the source: `v0`, `v1` or `v2`; `dumb` for a plain file server. */
  readonly protocol: string;
  readonly operationMode: OperationMode;
  /** Whether all objects were relayed without being stored. */
  readonly relay: boolean;
  readonly transferMode: TransferMode;
  /** Why this way was taken. */
  readonly reason: string;
  /** Whether the target is empty, so that a bootstrap is what it needs. */
  readonly bootstrapSuggested: boolean;
  /** The branch that HEAD of the source names; empty when it is detached or unknown. */
  readonly sourceHead: string;
  readonly batch: BatchSummary;
}

/** Traffic with one service of one end. Byte counts are of bodies, decompressed. */
export interface ServiceStats {
  readonly name: string;
  readonly requests: number;
  readonly requestBytes: number;
  readonly responseBytes: number;
  readonly wants: number;
  readonly haves: number;
  readonly commands: number;
}

/** Pack bytes of one side and how fast they went. */
export interface SideThroughput {
  readonly label: string;
  readonly bytes: number;
  readonly activeMs: number;
  readonly bytesPerSecond: number;
}

/** Traffic of a run; empty unless asked for. */
export interface Stats {
  readonly enabled: boolean;
  readonly items: Readonly<Record<string, ServiceStats>>;
  readonly sides: readonly SideThroughput[];
  readonly elapsedMs: number;
}

/** What a run took; only `enabled` and `elapsedMillis` count unless memory was measured. */
export interface Measurement {
  readonly enabled: boolean;
  readonly elapsedMillis: number;
  readonly peakHeapBytes: number;
  readonly peakRssBytes: number;
}

/** An error as it appears in JSON. */
export interface ErrorInfo {
  readonly code: ErrorCode;
  readonly message: string;
  readonly retryable: boolean;
  readonly details: ErrorDetails;
}

/** Outcome at one target. */
export interface TargetResult {
  readonly targetUrl: string;
  readonly refs: readonly RefResult[];
  readonly counts: SyncCounts;
  readonly execution: ExecutionSummary;
  /** Why this target failed. Only in runs with several targets; a run with one target throws instead. */
  readonly error?: ErrorInfo | undefined;
}

/** Outcome of a sync or replicate. With several targets, the fields of the first, and one entry per target. */
export interface SyncResult extends TargetResult {
  readonly sourceUrl: string;
  readonly stats: Stats;
  readonly measurement: Measurement;
  /** Names of refs of the source, made printable, that are not legal and were left out; present when there are some. */
  readonly ignoredRefs?: readonly string[] | undefined;
  /** One entry per target, in the order asked for; present when several were asked for. */
  readonly targets?: readonly TargetResult[] | undefined;
}

/** Outcome of a plan: nothing was pushed. */
export type PlanResult = SyncResult;

/** Outcome of a probe. */
export interface ProbeResult {
  readonly sourceUrl: string;
  /** Empty when no target was named. */
  readonly targetUrl: string;
  readonly requestedMode: ProtocolMode;
  readonly protocol: string;
  readonly refPrefixes: readonly string[];
  readonly sourceCapabilities: readonly string[];
  readonly targetCapabilities: readonly string[];
  readonly refs: readonly RefInfo[];
  /** Names of refs of the source, made printable, that are not legal and were left out; present when there are some. */
  readonly ignoredRefs?: readonly string[] | undefined;
  readonly sourceHead: string;
  readonly stats: Stats;
  readonly measurement: Measurement;
}
