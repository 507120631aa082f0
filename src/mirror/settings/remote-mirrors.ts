import { GitMirrorError } from '../../core/error.ts';
import type { MirrorEntry, PreferMirrors } from '../../wire/mirrors/mirror-list.ts';
import type { GitProgram } from '../git-program.ts';
import { mirrorLimits, type MirrorLimits } from '../mirror-candidate.ts';
import { readGitSettings, type GitSettings } from './git-settings.ts';
import { decodeLearnedMirror } from './learned-mirror.ts';
import { decodeRanking, type MirrorRanking } from './mirror-ranking.ts';
import { parseMirrorUrl } from './mirror-url.ts';
import { parseProtocolChoice, type ProtocolChoice } from './protocol-choice.ts';
import { parseSettingBytes, parseSettingDuration } from './quantities.ts';

/** In which order mirrors are asked that are equal otherwise; `ranked`: those first that were measured, the best first. */
export type MirrorPolicy = 'fixed' | 'random' | 'ranked';

/** More mirrors than the server has named: how many, and what it wants to hear to name them. */
export interface MoreMirrors {
  readonly count: number;
  readonly cursor: string;
}

/** What a server, or the repository itself, said of mirrors, and when. */
export interface LearnedMirrors {
  readonly canonicalUrls: readonly string[];
  readonly mirrors: readonly MirrorEntry[];
  readonly prefer: PreferMirrors | undefined;
  readonly more: MoreMirrors | undefined;
  /** Milliseconds since 1970; undefined when nobody was ever asked. */
  readonly learnedAtMs: number | undefined;
}

/** All that is known of the mirrors of a remote (docs/mirror-settings.md). */
export interface RemoteMirrors {
  /** Name of the remote; undefined for a URL that no remote has. */
  readonly remote: string | undefined;
  /**
   * The first URL of the remote, as it is configured but for `mirror::` in front: `url.<base>.insteadOf` is not applied
   * (`originUrl`).
   */
  readonly url: string;
  /** What the repository is called by its origin: `remote.<name>.canonicalUrl`, then what was learned. */
  readonly canonicalUrls: readonly string[];
  /** `remote.<name>.mirrorUrl`: what the user has set. Checked. */
  readonly userMirrors: readonly string[];
  readonly learned: LearnedMirrors;
  /** `remote.<name>.useMirror`; true unless it says otherwise. */
  readonly useMirror: boolean;
  /** `remote.<name>.preferMirror`: the user's word, which wins over the server's. */
  readonly preferMirror: PreferMirrors | undefined;
  /** `remote.<name>.preferredMirror`. Checked. */
  readonly preferredMirror: string | undefined;
  readonly policy: MirrorPolicy;
  readonly protocols: ProtocolChoice;
  readonly limits: MirrorLimits;
  /** How long a list that was learned holds (`mirror.listAge`). */
  readonly listAgeMs: number;
  /** What was measured, the best first (`git mirror rank`); old measurements are left out (`mirror.rankAge`). */
  readonly rankings: readonly MirrorRanking[];
}

const dayMs = 86_400_000;
const defaultListAgeMs = dayMs;
const defaultRankAgeMs = 7 * dayMs;
/** Mirrors of one remote that the configuration may name. */
const maxConfiguredMirrors = 1024;

/**
 * What is configured for `remote`: the name of a remote, or the URL of a repository that is none. One run of git.
 *
 * Throws `GM_USAGE` that names the key for a value of the user's that makes no sense. What was learned and makes no sense
 * is left out.
 */
export async function readRemoteMirrors(git: GitProgram, remote: string): Promise<RemoteMirrors> {
  return remoteMirrorsOf(await readGitSettings(git), remote);
}

/** The same from settings that were read already. */
export function remoteMirrorsOf(settings: GitSettings, remote: string): RemoteMirrors {
  const url = settings.all(`remote.${remote}.url`)[0];
  if (remote === '') throw new GitMirrorError('GM_USAGE', 'The name of the remote is empty: give a remote or a URL');
  const key = (name: string): string => `remote.${remote}.${name}`;
  // A URL that happens to stand in a section name is no remote unless it has a URL of its own.
  const of = (name: string): readonly string[] => (url === undefined ? [] : settings.list(key(name)));
  const only = (name: string): string | undefined => of(name).at(-1);
  const learnedCanonicalUrls = of('learnedcanonicalurl').slice(0, maxConfiguredMirrors);
  return {
    remote: url === undefined ? undefined : remote,
    url: withoutHelper(url ?? remote),
    canonicalUrls: [...of('canonicalurl').slice(0, maxConfiguredMirrors), ...learnedCanonicalUrls],
    userMirrors: of('mirrorurl')
      .slice(0, maxConfiguredMirrors)
      .map((text) => checkedUrl(key('mirrorUrl'), text)),
    learned: {
      canonicalUrls: learnedCanonicalUrls,
      mirrors: of('learnedmirrorurl').slice(0, maxConfiguredMirrors).flatMap(decodeLearnedMirror),
      prefer: parsePrefer(only('learnedprefermirror') ?? ''),
      more: parseMore(only('moremirrors') ?? ''),
      learnedAtMs: parseTime(only('mirrorslearned') ?? ''),
    },
    useMirror: (url === undefined ? undefined : settings.boolean(key('usemirror'))) ?? true,
    preferMirror:
      url === undefined ? undefined : settings.parsed(key('prefermirror'), parsePrefer, 'now, always or never'),
    preferredMirror: of('preferredmirror')
      .slice(-1)
      .map((text) => checkedUrl(key('preferredMirror'), text))[0],
    policy: settings.parsed('mirror.policy', parsePolicy, 'fixed, random or ranked') ?? 'ranked',
    protocols: settings.parsed(
      'mirror.protocols',
      parseProtocolChoice,
      'https, http, git, ssh or file, with ! to ban',
    ) ?? {
      order: [],
      banned: new Set(),
    },
    limits: readLimits(settings),
    listAgeMs: duration(settings, 'mirror.listage') ?? defaultListAgeMs,
    rankings: freshRankings(of('mirrorrank'), duration(settings, 'mirror.rankage') ?? defaultRankAgeMs),
  };
}

/**
 * The URL that git uses for the remote, or for a URL that is none: `url.<base>.insteadOf` applied
 * (git-config(1)). One run of git, which asks nobody.
 */
export async function originUrl(git: GitProgram, mirrors: RemoteMirrors): Promise<string> {
  return git.text(['ls-remote', '--get-url', mirrors.remote ?? mirrors.url]);
}

/** `url` without the remote helper that leads here (docs/remote-helper.md). */
export function withoutHelper(url: string): string {
  return url.replace(/^mirror::/, '');
}

function readLimits(settings: GitSettings): MirrorLimits {
  const bytes = (key: string): number | undefined =>
    settings.parsed(key, parseSettingBytes, 'a number of bytes, such as 4096, 64k or 10g');
  return {
    firstByteMs: duration(settings, 'mirror.firstbyte') ?? mirrorLimits.firstByteMs,
    stallMs: duration(settings, 'mirror.stall') ?? mirrorLimits.stallMs,
    minBytesPerSecond: bytes('mirror.minrate') ?? mirrorLimits.minBytesPerSecond,
    totalMs: duration(settings, 'mirror.total') ?? mirrorLimits.totalMs,
    maxBytes: bytes('mirror.maxbytes') ?? mirrorLimits.maxBytes,
  };
}

function duration(settings: GitSettings, key: string): number | undefined {
  return settings.parsed(key, parseSettingDuration, 'a length of time, such as 500ms, 30s, 5m, 6h or 1d');
}

function checkedUrl(key: string, text: string): string {
  try {
    return parseMirrorUrl(text, 'user').url;
  } catch (error) {
    if (!(error instanceof GitMirrorError)) throw error;
    throw new GitMirrorError('GM_USAGE', `The setting ${key} is of no use. ${error.message}`, {
      cause: error,
      details: { field: key },
    });
  }
}

/** `geoip` is for servers, which may share a configuration with clients: their order is kept then. */
function parsePolicy(text: string): MirrorPolicy | undefined {
  if (text === 'geoip') return 'fixed';
  return text === 'fixed' || text === 'random' || text === 'ranked' ? text : undefined;
}

function parsePrefer(text: string): PreferMirrors | undefined {
  return text === 'now' || text === 'always' || text === 'never' ? text : undefined;
}

function parseMore(text: string): MoreMirrors | undefined {
  const [, count, cursor] = /^(\d{1,9}) ([!-~]{1,1024})$/.exec(text) ?? [];
  return count === undefined || cursor === undefined ? undefined : { count: Number(count), cursor };
}

function parseTime(text: string): number | undefined {
  return /^\d{1,11}$/.test(text) ? Number(text) * 1000 : undefined;
}

function freshRankings(values: readonly string[], ageMs: number): readonly MirrorRanking[] {
  const oldest = Date.now() - ageMs;
  return values
    .slice(0, maxConfiguredMirrors)
    .flatMap(decodeRanking)
    .filter(({ measuredAtMs }) => measuredAtMs >= oldest);
}
