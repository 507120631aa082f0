import { GitMirrorError } from '../../core/error.ts';
import { comparableUrl } from '../../wire/mirrors/comparable-url.ts';
import type { MirrorCandidate } from '../mirror-candidate.ts';
import { mirrorSpaces } from '../settings/mirror-spaces.ts';
import { parseMirrorUrl, type MirrorUrl } from '../settings/mirror-url.ts';
import { parseProtocolChoice, type ProtocolChoice } from '../settings/protocol-choice.ts';
import type { RemoteMirrors } from '../settings/remote-mirrors.ts';

/** What a command line says of mirrors, by the names of commander. */
export interface MirrorFlags {
  /** `--mirror <url>`: these and no others. False: `--no-mirror`. */
  readonly mirror?: readonly string[] | false;
  /** `--prefer-mirror <url>`: this one first. */
  readonly preferMirror?: string;
  /** `--mirror-protocols <list>`, as `mirror.protocols`. */
  readonly mirrorProtocols?: string;
}

/** Mirrors that one run asks, at most. */
const maxTried = 32;

interface Known {
  readonly mirror: MirrorUrl;
  readonly identity: string;
  readonly isPreferred: boolean;
}

/**
 * The mirrors to ask, the first one first. A flag counts more than the configuration, and that more than what a server said.
 *
 * None with `--no-mirror`, `remote.<name>.useMirror=false` or a preference of `never`. First the one that is preferred; then
 * by protocol, then by what was measured or by chance, then the user's own before those that were learned, in the order in
 * which they were named. Each place once, never the origin itself, at most 32.
 *
 * Throws `GM_USAGE` for a flag that makes no sense.
 *
 * @param random - from 0 to 1, for `mirror.policy=random`
 */
export function chooseMirrors(
  remoteMirrors: RemoteMirrors,
  flags: MirrorFlags,
  random: () => number = Math.random,
): readonly MirrorCandidate[] {
  if (flags.mirror === false) return [];
  const protocols = flags.mirrorProtocols === undefined ? remoteMirrors.protocols : protocolFlag(flags.mirrorProtocols);
  const known = knownMirrors(remoteMirrors, flags).filter(({ mirror }) => !protocols.banned.has(mirror.scheme));
  const rankOf = tieBreaker(remoteMirrors, random);
  const sorted = known
    .map((each, index) => ({
      mirror: each.mirror,
      weights: [
        each.isPreferred ? 0 : 1,
        protocolRank(protocols, each.mirror.scheme),
        ...rankOf(each),
        each.mirror.isUsers ? 0 : 1,
        index,
      ],
    }))
    .sort((left, right) => compareWeights(left.weights, right.weights))
    .slice(0, maxTried)
    .map(({ mirror }) => mirror);
  const spaces = mirrorSpaces(sorted.map(({ url }) => url));
  return sorted.map((mirror) => ({ ...mirror, space: spaces.get(mirror.url) ?? '' }));
}

/** Whether the mirrors that a server named are asked before the origin. */
export function usesLearnedMirrors(
  { useMirror, preferMirror, learned, listAgeMs }: RemoteMirrors,
  nowMs: number = Date.now(),
): boolean {
  if (!useMirror) return false;
  const prefer = preferMirror ?? learned.prefer ?? 'now';
  if (prefer === 'never') return false;
  // What a server advised for this time holds no longer than its list.
  const isOld = learned.learnedAtMs === undefined || nowMs - learned.learnedAtMs > listAgeMs;
  return preferMirror !== undefined || prefer === 'always' || !isOld;
}

function knownMirrors(remoteMirrors: RemoteMirrors, { mirror: only, preferMirror }: MirrorFlags): readonly Known[] {
  const { url, learned, useMirror } = remoteMirrors;
  const preferred = preferMirror ?? (only === undefined ? remoteMirrors.preferredMirror : undefined);
  const isOff = only === false || (only === undefined && (!useMirror || remoteMirrors.preferMirror === 'never'));
  const own = isOff ? [] : (only ?? withPreferred(remoteMirrors.userMirrors, remoteMirrors.preferredMirror));
  const users = withPreferred(own, preferMirror).map((text) => parseMirrorUrl(text, 'user'));
  const servers =
    only === undefined && usesLearnedMirrors(remoteMirrors)
      ? learned.mirrors.map((entry) => parseMirrorUrl(entry.url, 'network'))
      : [];
  const first = preferred === undefined ? undefined : comparableUrl(preferred);
  const origins = new Set([url, ...remoteMirrors.canonicalUrls].map(comparableUrl));
  const seen = new Set([comparableUrl(url)]);
  const known: Known[] = [];
  for (const mirror of [...users, ...servers]) {
    const identity = comparableUrl(mirror.url);
    if (seen.has(identity) || (!mirror.isUsers && origins.has(identity))) continue;
    seen.add(identity);
    known.push({ mirror, identity, isPreferred: identity === first });
  }
  return known;
}

function withPreferred(urls: readonly string[], preferred: string | undefined): readonly string[] {
  return preferred === undefined ? urls : [preferred, ...urls];
}

function protocolFlag(text: string): ProtocolChoice {
  const choice = parseProtocolChoice(text);
  if (choice !== undefined) return choice;
  throw new GitMirrorError(
    'GM_USAGE',
    '--mirror-protocols names an unknown protocol: give https, http, git, ssh or file, with ! to ban one',
  );
}

function protocolRank({ order }: ProtocolChoice, scheme: string): number {
  const at = order.indexOf(scheme);
  return at < 0 ? order.length : at;
}

/** Weights of a mirror among those of one protocol. */
function tieBreaker({ policy, rankings }: RemoteMirrors, random: () => number): (known: Known) => readonly number[] {
  if (policy === 'fixed') return () => [0, 0];
  // The user's own stay in front.
  if (policy === 'random') return ({ mirror }) => [mirror.isUsers ? 0 : 1, random()];
  const places = new Map(rankings.map(({ url }, index) => [comparableUrl(url), index] as const).reverse());
  return ({ identity }) => [places.get(identity) ?? rankings.length, 0];
}

function compareWeights(left: readonly number[], right: readonly number[]): number {
  for (const [index, weight] of left.entries()) {
    const difference = weight - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
