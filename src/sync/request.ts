import type { Endpoint } from '../transport/endpoint.ts';

/** Which Git protocol to speak to the source. `auto` asks for version 2 and takes what the server gives. */
export type ProtocolMode = 'auto' | 'v1' | 'v2';

/** `sync` updates what is safe to update; `replicate` makes the target equal to the source. */
export type OperationMode = 'sync' | 'replicate';

/** A ref of the source and the ref of the target it is written to. Short names mean branches. */
export interface RefMapping {
  /** `main`, `refs/heads/main`, or a pattern with one `*` such as `refs/heads/release/*`. */
  readonly source: string;
  /** As `source`; holds one `*` exactly when `source` does. */
  readonly target: string;
}

/** Which refs take part. With nothing set, all branches do. */
export interface RefScope {
  /** Only these branches, by short or full name. */
  readonly branches?: readonly string[] | undefined;
  /** Refs to copy under another name. With mappings and no branches, only the mappings take part. */
  readonly mappings?: readonly RefMapping[] | undefined;
  /** Every ref below `refs/`, tags included. */
  readonly allRefs?: boolean | undefined;
  /** Leave out refs whose full name begins so; mappings are not affected. Also out of reach of prune. */
  readonly excludeRefPrefixes?: readonly string[] | undefined;
  /** Leave out refs of exactly these full names; mappings are not affected. Also out of reach of prune. */
  readonly excludeRefs?: readonly string[] | undefined;
}

/** What to do when the source rewrote a ref: take it, take it after parking the old tip, or refuse. */
export type RewritePolicy = 'overwrite' | 'keep' | 'block';

/** What may be done to the target. */
export interface SyncPolicy {
  /** Default: what the called method says. */
  readonly mode?: OperationMode | undefined;
  /** Take the tags along. Implied by `allRefs`. */
  readonly includeTags?: boolean | undefined;
  /** A synonym of `forceWithLease`, kept for callers of old. */
  readonly force?: boolean | undefined;
  /** Update diverged branches and moved tags, unless the target's ref changed during the run. */
  readonly forceWithLease?: boolean | undefined;
  /** Update diverged branches and moved tags whatever the target's ref is at that moment. */
  readonly forceBlind?: boolean | undefined;
  /** Delete refs of the target, within scope, that the source does not have. */
  readonly prune?: boolean | undefined;
  /** A ref that the target refuses is a warning, not a failure. */
  readonly bestEffort?: boolean | undefined;
  /** All ref updates or none. */
  readonly atomic?: boolean | undefined;
  /** Strings handed to the target's hooks (`git push --push-option`). */
  readonly pushOptions?: readonly string[] | undefined;
  /** How a rewritten ref is treated. Default: `overwrite` when forced or replicating, otherwise `block`. */
  readonly onRewrite?: RewritePolicy | undefined;
  /** Refuse the run when more than this share (0 to 100) of the target's refs in scope would be deleted. */
  readonly maxPrunePercent?: number | undefined;
  /** Default `auto`. */
  readonly protocol?: ProtocolMode | undefined;
}

/** Asks what a source (and, if named, a target) has and can do. */
export interface ProbeRequest {
  readonly source: Endpoint;
  readonly target?: Endpoint | undefined;
  readonly includeTags?: boolean | undefined;
  readonly allRefs?: boolean | undefined;
  /** List only refs below these prefixes, instead of branches (and tags). */
  readonly refPrefixes?: readonly string[] | undefined;
  readonly excludeRefPrefixes?: readonly string[] | undefined;
  readonly protocol?: ProtocolMode | undefined;
  readonly collectStats?: boolean | undefined;
  readonly measureMemory?: boolean | undefined;
}

/** Asks what a sync or replicate would do. Exactly one of `target` and `targets` is set. */
export interface PlanRequest {
  readonly source: Endpoint;
  readonly target?: Endpoint | undefined;
  /** Several targets; the source is read once. */
  readonly targets?: readonly Endpoint[] | undefined;
  readonly scope?: RefScope | undefined;
  readonly policy?: SyncPolicy | undefined;
  readonly collectStats?: boolean | undefined;
  readonly measureMemory?: boolean | undefined;
}

/** Asks for a sync or replicate. */
export type SyncRequest = PlanRequest;
