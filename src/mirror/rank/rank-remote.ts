import { isGitMirrorError } from '../../core/error.ts';
import { displayUrl } from '../../transport/display-url.ts';
import { chooseMirrors } from '../choose/choose-mirrors.ts';
import type { GitProgram } from '../git-program.ts';
import { listRemote } from '../list-remote.ts';
import type { RemoteMirrors } from '../settings/remote-mirrors.ts';
import { storeRankings } from '../settings/store-learned.ts';
import { usedMirrorUrl } from '../settings/used-mirror-url.ts';
import { branchesOf } from './measure-reach.ts';
import { rankMirrors, type RankLimits, type RankedMirror } from './rank-mirrors.ts';
import type { RankResult } from './rank-result.ts';
import { settingsForUrl } from './settings-for-url.ts';

/** What `git mirror rank` is asked to do. */
export interface RankRemoteRequest {
  readonly git: GitProgram;
  readonly mirrors: RemoteMirrors;
  /** Throughput is measured of so many, the nearest, and no more are remembered. */
  readonly top: number;
  /** Whether the configuration takes what comes out. */
  readonly isStored: boolean;
  /** Whether the best one becomes `remote.<name>.preferredMirror`, too. */
  readonly isPreferred: boolean;
  readonly limits?: RankLimits | undefined;
  readonly signal: AbortSignal;
}

/**
 * Measures all mirrors of a remote that `mirror.protocols` allows, holds their branches against those of the origin, and
 * remembers the best ones in `remote.<name>.mirrorRank`, in place of what was measured before. For a URL that is no remote
 * nothing is stored.
 *
 * @throws GitMirrorError `GM_USAGE` for settings that make no sense; the reason of `signal`. Neither an origin nor a mirror that
 * does not answer is an error.
 */
export async function rankRemote(request: RankRemoteRequest): Promise<RankResult> {
  const { git, mirrors, top, signal, limits } = request;
  // Also those that are not asked at present: whoever measures wants to know.
  const candidates = chooseMirrors({ ...mirrors, useMirror: true, preferMirror: 'always' }, {});
  const origin = await readOrigin(git, mirrors.remote ?? mirrors.url, signal);
  const ranked = await rankMirrors({
    urls: candidates.map(({ url }) => url),
    originBranches: origin.branches,
    rateCount: top,
    settingsFor: async (url) => {
      const isUsers = candidates.some((each) => each.url === url && each.isUsers);
      const usedUrl = await usedMirrorUrl(git, { url, isUsers });
      return { ...(await settingsForUrl(git, usedUrl)), usedUrl };
    },
    signal,
    limits,
  });
  const usable = ranked.filter(({ score }) => score !== undefined).slice(0, top);
  const [best] = usable;
  const { remote } = mirrors;
  const isStored = remote !== undefined && request.isStored && ranked.length > 0;
  const measuredAtMs = Date.now();
  if (isStored) {
    await storeRankings(
      git,
      remote,
      usable.map((each) => ({ ...each, measuredAtMs })),
      signal,
    );
    if (request.isPreferred && best !== undefined) {
      await git.run(['config', `remote.${remote}.preferredMirror`, best.url]);
    }
  }
  return {
    remote: remote ?? null,
    originUrl: displayUrl(mirrors.url),
    originError: origin.error,
    measuredAt: new Date(measuredAtMs).toISOString(),
    stored: isStored ? usable.length : 0,
    preferred: isStored && request.isPreferred && best !== undefined ? displayUrl(best.url) : null,
    mirrors: ranked.map(describe),
  };
}

async function readOrigin(git: GitProgram, remote: string, signal: AbortSignal) {
  try {
    const { refs } = await listRemote(git, remote, { signal });
    return { branches: branchesOf(refs), error: null };
  } catch (error) {
    signal.throwIfAborted();
    if (!isGitMirrorError(error)) throw error;
    return { branches: undefined, error: { code: error.code, message: error.message } };
  }
}

function describe({ url, connectMs, firstByteMs, bytesPerSecond, freshness, score, error }: RankedMirror) {
  return {
    url: displayUrl(url),
    connectMs: rounded(connectMs, 10),
    firstByteMs: rounded(firstByteMs, 10),
    bytesPerSecond: rounded(bytesPerSecond, 1),
    sameBranches: freshness?.sameBranches ?? null,
    originBranches: freshness?.originBranches ?? null,
    score: rounded(score, 1),
    error: error === undefined ? null : { code: error.code, message: error.message },
  };
}

function rounded(value: number | undefined, steps: number): number | null {
  return value === undefined ? null : Math.round(value * steps) / steps;
}
