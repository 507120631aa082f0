import type { OperationMode, RewritePolicy, SyncPolicy } from './request.ts';

/** A {@link SyncPolicy} with every default filled in. */
export interface ResolvedPolicy {
  readonly mode: OperationMode;
  readonly rewrite: RewritePolicy;
  /** Overwrite whatever the target's ref is at that moment. */
  readonly blind: boolean;
  readonly prune: boolean;
  readonly maxPrunePercent: number;
  readonly bestEffort: boolean;
  readonly atomic: boolean;
  readonly pushOptions: readonly string[];
}

/** Fills in the defaults of a policy that has been validated. */
export function resolvePolicy(policy: SyncPolicy, mode: OperationMode): ResolvedPolicy {
  const forced = policy.force === true || policy.forceWithLease === true || policy.forceBlind === true;
  return {
    mode,
    rewrite: policy.onRewrite ?? (forced || mode === 'replicate' ? 'overwrite' : 'block'),
    blind: policy.forceBlind === true,
    prune: policy.prune === true,
    maxPrunePercent: policy.maxPrunePercent ?? 100,
    bestEffort: policy.bestEffort === true,
    atomic: policy.atomic === true,
    pushOptions: policy.pushOptions ?? [],
  };
}
