import type { ObjectId } from '../core/object-id.ts';
import type { RefPlan } from './result.ts';

/** Haves besides the old tips of the refs that move. Each costs the source a look-up of some 30 µs. */
const maxOtherHaves = { whenCreating: 2048, otherwise: 256 } as const;

/**
 * What to tell the source that the target has, most useful first: the old tips of the refs that move, then other
 * branches and tags of the target. All of them is seldom better: with 50,000 refs the source would be busier with the
 * haves than with the pack.
 */
export function chooseHaves(
  plans: readonly RefPlan[],
  targetRefs: ReadonlyMap<string, ObjectId>,
  extraHaves: readonly ObjectId[],
): readonly ObjectId[] {
  const moving = plans.filter(({ action }) => action === 'update' || action === 'delete');
  const creates = plans.some(({ action }) => action === 'create');
  const haves = new Set(moving.map(({ targetHash }) => targetHash as ObjectId));
  const limit = haves.size + (creates ? maxOtherHaves.whenCreating : maxOtherHaves.otherwise);
  const branchesFirst = [...targetRefs].sort(([left], [right]) => rank(left) - rank(right));
  for (const oid of [...branchesFirst.map(([, tip]) => tip), ...extraHaves]) {
    if (haves.size >= limit) break;
    haves.add(oid);
  }
  return [...haves];
}

function rank(name: string): number {
  if (name.startsWith('refs/heads/')) return 0;
  return name.startsWith('refs/tags/') ? 2 : 1;
}
