import { isGitMirrorError } from '../../core/error.ts';
import type { GitProgram } from '../git-program.ts';

/** Environment in which git fetches nothing that is missing: the first is for git from 2.44 on. */
const nothingFetched = { GIT_NO_LAZY_FETCH: '1', GIT_ALLOW_PROTOCOL: '' };

/**
 * Whether the history of `tips` is there, all of it or `depth` commits from each tip on, as a server may cut it: every cut
 * is `depth` commits away from the nearest tip, and no commit on the way to one is missing. Where histories end is what
 * their names do not tell.
 *
 * @param tips - names of commits and tags
 * @param cuts - commits whose parents are said to be left out: the lines of the file `shallow`
 */
export async function cutsAtDepth(
  git: GitProgram,
  tips: readonly string[],
  cuts: readonly string[],
  depth: number | undefined,
  signal: AbortSignal,
): Promise<boolean> {
  const parents = await readParents(git, tips, signal);
  if (parents === undefined) return false;
  if (cuts.length === 0) return true;
  if (depth === undefined) return false;
  const distances = distancesFrom(await commitsOf(git, tips, signal), parents);
  return cuts.every((cut) => distances.get(cut) === depth);
}

/** Parents of every commit that is there; undefined when one is missing. */
async function readParents(
  git: GitProgram,
  tips: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly string[]> | undefined> {
  try {
    const input = `${tips.join('\n')}\n`;
    const text = await git.text(['rev-list', '--parents', '--stdin'], { input, env: nothingFetched, signal });
    const parents = new Map<string, readonly string[]>();
    for (const line of text.split('\n')) {
      const [commit = '', ...of] = line.split(' ');
      parents.set(commit, of);
    }
    return parents;
  } catch (error) {
    if (isGitMirrorError(error, 'GM_SYSTEM')) return undefined;
    throw error;
  }
}

/** What the tips lead to, tags followed. */
async function commitsOf(git: GitProgram, tips: readonly string[], signal: AbortSignal): Promise<readonly string[]> {
  const input = tips.map((tip) => `${tip}^{}\n`).join('');
  const text = await git.text(['cat-file', '--batch-check=%(objectname)'], { input, env: nothingFetched, signal });
  return text.split('\n');
}

/** How many commits each is away from the nearest of `tips`; these are 1. */
function distancesFrom(
  tips: readonly string[],
  parents: ReadonlyMap<string, readonly string[]>,
): ReadonlyMap<string, number> {
  const distances = new Map<string, number>();
  let level = [...new Set(tips)];
  for (let distance = 1; level.length > 0; distance += 1) {
    const reached = level.filter((commit) => !distances.has(commit));
    for (const commit of reached) distances.set(commit, distance);
    level = [...new Set(reached.flatMap((commit) => parents.get(commit) ?? []))];
  }
  return distances;
}
