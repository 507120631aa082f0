import type { GitProgram } from '../git-program.ts';
import { encodeLearnedMirror } from './learned-mirror.ts';
import { encodeRanking, type MirrorRanking } from './mirror-ranking.ts';
import type { LearnedMirrors } from './remote-mirrors.ts';
import { replaceRemoteSettings } from './replace-settings.ts';

/**
 * Stores what was learned of the mirrors of a remote, in place of what was learned before: all at once, or nothing. What the
 * user has set is left alone. Throws as `replaceRemoteSettings`.
 */
export async function storeLearned(
  git: GitProgram,
  remote: string,
  { canonicalUrls, mirrors, prefer, more, learnedAtMs }: LearnedMirrors,
  signal?: AbortSignal,
): Promise<void> {
  const changes = new Map<string, readonly string[]>([
    ['learnedCanonicalUrl', canonicalUrls],
    ['learnedMirrorUrl', mirrors.map(encodeLearnedMirror)],
    ['learnedPreferMirror', prefer === undefined ? [] : [prefer]],
    ['moreMirrors', more === undefined ? [] : [`${String(more.count)} ${more.cursor}`]],
    ['mirrorsLearned', learnedAtMs === undefined ? [] : [String(Math.floor(learnedAtMs / 1000))]],
  ]);
  await replaceRemoteSettings(git, remote, changes, signal);
}

/** Stores what was measured of the mirrors of a remote, the best first, in place of what was measured before. */
export async function storeRankings(
  git: GitProgram,
  remote: string,
  rankings: readonly MirrorRanking[],
  signal?: AbortSignal,
): Promise<void> {
  await replaceRemoteSettings(git, remote, new Map([['mirrorRank', rankings.map(encodeRanking)]]), signal);
}
