import type { ObjectId } from '../core/object-id.ts';
import type { CommitGraph } from '../pack/commit-graph.ts';
import type { BootstrapOrder } from './advanced-options.ts';

/**
 * The commits at which a bootstrap may pause, oldest first: whoever has all commits up to one place in the list, with
 * everything they reach, can be sent the next ones. `tips` are given with the most important first.
 *
 * `first-parent` lists the backbone of each tip in turn, so that a step brings the branches merged in it along;
 * `topo` lists every commit, for histories where one such merge would be too large.
 */
export function layCheckpoints(graph: CommitGraph, tips: readonly ObjectId[], order: BootstrapOrder): ObjectId[] {
  if (order === 'topo') return graph.topoOrder(tips);
  const chain = new Set<ObjectId>();
  for (const tip of tips) for (const oid of graph.firstParentChain(tip)) chain.add(oid);
  return [...chain];
}

/** The commits of `step` that no other commit of `step` has as a parent: wanting these brings all of them. */
export function headsOf(graph: CommitGraph, step: readonly ObjectId[]): readonly ObjectId[] {
  const covered = new Set(step.flatMap((oid) => graph.parentsOf(oid)));
  return step.filter((oid) => !covered.has(oid));
}

/**
 * The commits that have to be named to hold all that was sent once `step` has been sent on top of `frontier`: a commit
 * that became the parent of another one needs no name of its own any more.
 */
export function advanceFrontier(
  graph: CommitGraph,
  frontier: ReadonlySet<ObjectId>,
  step: readonly ObjectId[],
): ReadonlySet<ObjectId> {
  const covered = new Set(step.flatMap((oid) => graph.parentsOf(oid)));
  return new Set([...[...frontier].filter((oid) => !covered.has(oid)), ...headsOf(graph, step)]);
}
