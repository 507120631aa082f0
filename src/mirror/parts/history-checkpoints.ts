import type { ObjectId } from '../../core/object-id.ts';
import { readCommitGraph } from '../../pack/commit-graph-builder.ts';
import type { CommitGraph } from '../../pack/commit-graph.ts';
import type { MirrorLane } from './mirror-lane.ts';

/** Fewer commits than this are not worth cutting up. */
const minCommits = 1000;

/**
 * Commits at which the history of `tips` is cut into `parts` parts with about as many commits each, oldest first, the last
 * end left out. Asks `lane` for commits alone: a twentieth to a tenth of all bytes. Empty for a short history.
 *
 * @throws what the lane throws, and what is wrong with the pack
 */
export async function fetchCheckpoints(
  lane: MirrorLane,
  tips: readonly ObjectId[],
  parts: number,
): Promise<readonly ObjectId[]> {
  const graph = await lane.fetch({ wants: tips, haves: [], filter: 'tree:0' }, (pack) =>
    readCommitGraph(pack, { format: lane.objectFormat }),
  );
  return graph.count < minCommits ? [] : chooseCheckpoints(graph, tips, parts);
}

/**
 * Commits on the longest line of first parents: such that each of `parts` parts, the last one up to the end of the line, has
 * about as many commits that the ones in front of it have not.
 */
export function chooseCheckpoints(graph: CommitGraph, tips: readonly ObjectId[], parts: number): readonly ObjectId[] {
  const line = tips.reduce<readonly ObjectId[]>((longest, tip) => {
    const chain = graph.firstParentChain(tip);
    return chain.length > longest.length ? chain : longest;
  }, []);
  const chosen: ObjectId[] = [];
  const reached = new Set<ObjectId>();
  let next = graph.count / parts;
  for (const commit of line.slice(0, -1)) {
    reach(graph, commit, reached);
    if (reached.size < next) continue;
    chosen.push(commit);
    if (chosen.length === parts - 1) break;
    next = reached.size + (graph.count - reached.size) / (parts - chosen.length);
  }
  return chosen;
}

/** Adds `commit` and all that it reaches to `reached`. */
function reach(graph: CommitGraph, commit: ObjectId, reached: Set<ObjectId>): void {
  const open = [commit];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (reached.has(next) || !graph.has(next)) continue;
    reached.add(next);
    open.push(...graph.parentsOf(next));
  }
}
