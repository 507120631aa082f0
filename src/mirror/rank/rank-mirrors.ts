import { GitMirrorError, asError, isGitMirrorError } from '../../core/error.ts';
import type { ObjectId } from '../../core/object-id.ts';
import { mapConcurrently } from './map-concurrently.ts';
import { measureRate } from './measure-rate.ts';
import { measureReach, type MeasureSettings, type MirrorReach } from './measure-reach.ts';

/** How many of the origin's branches a mirror has at exactly the commit where the origin has them. */
export interface MirrorFreshness {
  readonly sameBranches: number;
  readonly originBranches: number;
}

/** What was measured of one mirror. */
export interface RankedMirror {
  readonly url: string;
  readonly connectMs?: number | undefined;
  readonly firstByteMs?: number | undefined;
  readonly bytesPerSecond?: number | undefined;
  readonly freshness?: MirrorFreshness | undefined;
  /** See {@link scoreOf}; the smallest is the best. Undefined for a mirror that cannot be used. */
  readonly score?: number | undefined;
  /** Why it cannot be used, or why its throughput is not known. */
  readonly error?: GitMirrorError | undefined;
}

/** What to measure. */
export interface RankRequest {
  /** At most 32 of them are measured. */
  readonly urls: readonly string[];
  /** The origin's branches; undefined when it does not answer. */
  readonly originBranches: ReadonlyMap<string, ObjectId> | undefined;
  /** Throughput is measured of so many, the nearest. */
  readonly rateCount: number;
  /** Environment and authorities for one URL, and the one to go to in its place (`url.<base>.insteadOf`). */
  readonly settingsFor: (
    url: string,
  ) => Promise<Pick<MeasureSettings, 'env' | 'caFile'> & { readonly usedUrl?: string }>;
  readonly signal: AbortSignal;
  /** Default {@link rankLimits}. */
  readonly limits?: RankLimits | undefined;
}

/** Bounds of one ranking. */
export interface RankLimits {
  /** For connecting and listing. */
  readonly reachMs: number;
  /** For the download that shows the throughput. */
  readonly rateMs: number;
  readonly mirrors: number;
  readonly concurrency: number;
}

/** The bounds unless a test has others. */
export const rankLimits: RankLimits = { reachMs: 10_000, rateMs: 3000, mirrors: 32, concurrency: 8 };

/** What a mirror is judged by: so much is thought to be fetched. */
const referenceBytes = 1024 * 1024;
/** A fetch takes about two exchanges more than the one that brought the first byte. */
const exchanges = 3;
/** A mirror without any of the branches may still have nearly all of the history. */
const minShare = 0.1;

interface Measured {
  readonly url: string;
  readonly reach?: MirrorReach | undefined;
  readonly bytesPerSecond?: number | undefined;
  readonly error?: GitMirrorError | undefined;
}

/**
 * Measures mirrors, and returns them with the best first and those that cannot be used last. First how far all of them are,
 * eight at a time; then the throughput of the nearest, one after another, since two downloads would share this side's line.
 *
 * @throws the reason of `signal`; whatever is wrong with a mirror is in its entry
 */
export async function rankMirrors(request: RankRequest): Promise<readonly RankedMirror[]> {
  const { urls, signal, originBranches, rateCount, limits = rankLimits } = request;
  const measure = async <Result>(
    url: string,
    ms: number,
    what: (usedUrl: string, settings: MeasureSettings) => Promise<Result>,
  ) => {
    const limit = new AbortController();
    const timer = setTimeout(() => {
      limit.abort(new GitMirrorError('GM_TIMEOUT', `It takes longer than ${String(ms / 1000)} s`));
    }, ms);
    try {
      const { usedUrl = url, ...settings } = await request.settingsFor(url);
      return await what(usedUrl, { ...settings, signal: AbortSignal.any([signal, limit.signal]) });
    } finally {
      clearTimeout(timer);
    }
  };
  const reached = await mapConcurrently(
    urls.slice(0, limits.mirrors),
    limits.concurrency,
    async (url): Promise<Measured> => {
      try {
        const reach = await measure(url, limits.reachMs, measureReach);
        const isEmpty = reach.branches?.size === 0;
        return { url, reach, error: isEmpty ? new GitMirrorError('GM_NOT_FOUND', 'It has no branches') : undefined };
      } catch (error) {
        return { url, error: failureOf(error, signal) };
      }
    },
  );
  const nearest = [...reached].sort((left, right) => firstByteOf(left) - firstByteOf(right)).slice(0, rateCount);
  const rated = new Map(reached.map((each) => [each.url, each]));
  for (const each of nearest) {
    const { url, reach } = each;
    const tip = reach?.tip;
    if (tip === undefined) continue;
    try {
      const { firstByteMs, bytesPerSecond } = await measure(url, limits.rateMs, (usedUrl, settings) =>
        measureRate(usedUrl, tip, settings),
      );
      const nearer = Math.min(reach?.firstByteMs ?? firstByteMs, firstByteMs);
      rated.set(url, { url, reach: { ...reach, firstByteMs: nearer }, bytesPerSecond });
    } catch (error) {
      rated.set(url, { ...each, error: failureOf(error, signal) });
    }
  }
  return rank([...rated.values()], originBranches);
}

function firstByteOf({ reach }: Measured): number {
  return reach?.firstByteMs ?? Infinity;
}

function rank(
  measured: readonly Measured[],
  originBranches: ReadonlyMap<string, ObjectId> | undefined,
): readonly RankedMirror[] {
  const rates = measured.flatMap(({ bytesPerSecond = 0 }) => (bytesPerSecond > 0 ? [bytesPerSecond] : []));
  const slowest = rates.length === 0 ? Infinity : Math.min(...rates);
  return measured
    .map(({ url, reach, bytesPerSecond, error }): RankedMirror => {
      const freshness = freshnessOf(reach?.branches, originBranches);
      const score =
        reach === undefined || error !== undefined
          ? undefined
          : scoreOf(reach.firstByteMs, bytesPerSecond ?? slowest, freshness);
      const { connectMs, firstByteMs } = reach ?? {};
      return { url, connectMs, firstByteMs, bytesPerSecond, freshness, score, error };
    })
    .sort((left, right) => (left.score ?? Infinity) - (right.score ?? Infinity) || 0);
}

/**
 * The milliseconds that fetching 1 MiB would take, as far as one can tell: three exchanges, each as long as the first byte
 * took, and the download; divided by the share of the origin's branches that the mirror has, a tenth at least, since what it
 * lacks comes from the origin. Where the throughput is not known, the slowest one that is stands in for it.
 */
export function scoreOf(firstByteMs: number, bytesPerSecond: number, freshness: MirrorFreshness | undefined): number {
  const share = freshness === undefined ? 1 : freshness.sameBranches / Math.max(1, freshness.originBranches);
  return (exchanges * firstByteMs + (referenceBytes / bytesPerSecond) * 1000) / Math.max(minShare, share);
}

function freshnessOf(
  branches: ReadonlyMap<string, ObjectId> | undefined,
  originBranches: ReadonlyMap<string, ObjectId> | undefined,
): MirrorFreshness | undefined {
  if (branches === undefined || originBranches === undefined || originBranches.size === 0) return undefined;
  const same = [...originBranches].filter(([name, oid]) => branches.get(name) === oid);
  return { sameBranches: same.length, originBranches: originBranches.size };
}

function failureOf(error: unknown, signal: AbortSignal): GitMirrorError {
  signal.throwIfAborted();
  return isGitMirrorError(error) ? error : new GitMirrorError('GM_INTERNAL', asError(error).message, { cause: error });
}
