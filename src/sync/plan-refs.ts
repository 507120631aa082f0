import type { ObjectId } from '../core/object-id.ts';
import { refKindOf, shortRefName } from '../core/ref-name.ts';
import type { RefPlan } from './result.ts';
import type { ResolvedPolicy } from './resolve-policy.ts';
import type { DesiredRef, ResolvedScope } from './resolve-scope.ts';

/** The reason of an update that loses nothing. */
export const fastForwardReason = 'fast-forward';

/** A ref that is to move from `from` to `to`: is that a fast-forward? */
export interface MoveQuestion {
  readonly targetRef: string;
  readonly from: ObjectId;
  readonly to: ObjectId;
}

/** What a plan is made from. */
export interface PlanInput {
  readonly desired: readonly DesiredRef[];
  readonly targetRefs: ReadonlyMap<string, ObjectId>;
  readonly scope: ResolvedScope;
  readonly policy: ResolvedPolicy;
}

/**
 * The moves whose outcome depends on ancestry. Tags never move without being forced, so they need no answer; when
 * every rewrite is simply taken, nothing does.
 */
export function movesToCheck({ desired, targetRefs, policy }: PlanInput): readonly MoveQuestion[] {
  if (policy.rewrite === 'overwrite') return [];
  const moves: MoveQuestion[] = [];
  for (const { targetRef, oid, kind } of desired) {
    const from = targetRefs.get(targetRef);
    if (from !== undefined && from !== oid && kind !== 'tag') moves.push({ targetRef, from, to: oid });
  }
  return moves;
}

/** Every ref's action and reason. `fastForwards` holds the target refs whose move is a fast-forward. */
export function planRefs(input: PlanInput, fastForwards: ReadonlySet<string>): readonly RefPlan[] {
  const plans = input.desired.map((ref) => planRef(ref, input, fastForwards));
  return [...plans, ...planPrunes(input)].sort((left, right) => (left.targetRef < right.targetRef ? -1 : 1));
}

function planRef(ref: DesiredRef, input: PlanInput, fastForwards: ReadonlySet<string>): RefPlan {
  const current = input.targetRefs.get(ref.targetRef);
  const plan = (action: RefPlan['action'], reason: string): RefPlan => ({
    branch: shortRefName(ref.targetRef),
    sourceRef: ref.sourceRef,
    targetRef: ref.targetRef,
    sourceHash: ref.oid,
    targetHash: current ?? '',
    kind: ref.kind,
    action,
    reason,
  });
  if (current === undefined) return plan('create', 'not on the target yet');
  if (current === ref.oid) return plan('skip', 'up to date');
  if (fastForwards.has(ref.targetRef)) return plan('update', fastForwardReason);

  const { rewrite, mode } = input.policy;
  const change = ref.kind === 'tag' ? 'the tag has moved' : 'not a fast-forward';
  switch (rewrite) {
    case 'block':
      return plan('block', `${change}; force it to overwrite the target`);
    case 'keep':
      return plan('update', `${change}; the old tip is kept`);
    case 'overwrite':
      return plan('update', mode === 'replicate' ? 'differs from the source' : 'differs from the source; forced');
  }
}

function planPrunes({ desired, targetRefs, scope, policy }: PlanInput): readonly RefPlan[] {
  if (!policy.prune) return [];
  const wanted = new Set(desired.map(({ targetRef }) => targetRef));
  const managed = [...targetRefs].filter(([name]) => scope.manages(name));
  const gone = managed.filter(([name]) => !wanted.has(name));
  const percent = managed.length === 0 ? 0 : (gone.length * 100) / managed.length;
  const tooMany = percent > policy.maxPrunePercent;
  return gone.map(([targetRef, oid]) => ({
    branch: shortRefName(targetRef),
    sourceRef: '',
    targetRef,
    sourceHash: '',
    targetHash: oid,
    kind: refKindOf(targetRef),
    action: tooMany ? 'block' : 'delete',
    reason: tooMany
      ? `${gone.length} of ${managed.length} refs would be deleted, more than ${policy.maxPrunePercent} %`
      : 'not on the source any more',
  }));
}
