import type { ObjectId } from '../../core/object-id.ts';
import type { OriginRef } from '../bulk-fetch.ts';
import type { MirrorReporter } from '../mirror-candidate.ts';
import { fetchCheckpoints } from './history-checkpoints.ts';
import type { MirrorLane } from './mirror-lane.ts';
import type { Part } from './part.ts';
import { hasEnoughTags, partCount, planParts } from './plan-parts.ts';

/** Branches whose history is asked for to be cut up. */
const maxHistoryBranches = 16;
/** Names that main branches have. */
const mainBranches = ['refs/heads/main', 'refs/heads/master', 'refs/heads/trunk', 'refs/heads/develop'];

/**
 * A plan for `wanted` from nothing. Where there are too few tags to cut the history at, its commits are asked for first, of
 * the first mirror that gives them; where none does, all is one part.
 */
export async function makePlan(
  wanted: readonly OriginRef[],
  lanes: readonly MirrorLane[],
  reporter: MirrorReporter,
): Promise<readonly Part[]> {
  const offers = lanes.map(({ offer }) => offer);
  if (hasEnoughTags(wanted, offers)) return planParts({ wanted, offers });
  return planParts({ wanted, offers, checkpoints: await findCheckpoints(wanted, lanes, reporter) });
}

async function findCheckpoints(
  wanted: readonly OriginRef[],
  lanes: readonly MirrorLane[],
  reporter: MirrorReporter,
): Promise<readonly ObjectId[]> {
  for (const lane of lanes) {
    const tips = branchTips(wanted, lane.offer);
    if (tips.length === 0 || !lane.canFilter || !lane.canWantAnyReachable) continue;
    reporter.detail(`few tags: asking mirror ${lane.displayUrl} for commits alone, to cut the history at`);
    try {
      return await fetchCheckpoints(lane, tips, partCount(lanes.length));
    } catch (error) {
      reporter.note(`the commits did not come from mirror ${lane.displayUrl}: ${lane.fail(error)}`);
    }
  }
  return [];
}

function branchTips(wanted: readonly OriginRef[], offer: ReadonlySet<ObjectId>): readonly ObjectId[] {
  const branches = wanted.filter(({ name, oid }) => name.startsWith('refs/heads/') && offer.has(oid));
  const main = branches.filter(({ name }) => mainBranches.includes(name));
  const tips = [...main, ...branches].map(({ oid }) => oid);
  return [...new Set(tips)].slice(0, maxHistoryBranches);
}
