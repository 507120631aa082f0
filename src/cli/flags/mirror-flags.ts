import { InvalidArgumentError } from 'commander';
import { isGitMirrorError } from '../../core/error.ts';
import { parseMirrorUrl } from '../../mirror/settings/mirror-url.ts';
import { parseProtocolChoice } from '../../mirror/settings/protocol-choice.ts';
import { Flag, type FlagGroup } from './flag.ts';

const group = 'Mirrors:';

function parseUrl(text: string): string {
  try {
    return parseMirrorUrl(text, 'user').url;
  } catch (error) {
    if (!isGitMirrorError(error, 'GM_USAGE')) throw error;
    throw new InvalidArgumentError(`${error.message}.`);
  }
}

/** `--no-mirror` in front leaves false behind. */
function collectUrls(text: string, previous: readonly string[] | boolean | undefined): readonly string[] {
  return [...(Array.isArray(previous) ? (previous as readonly string[]) : []), parseUrl(text)];
}

function parseProtocols(text: string): string {
  if (parseProtocolChoice(text) !== undefined) return text;
  throw new InvalidArgumentError('Give https, http, git, ssh or file, separated by commas; ! in front bans one.');
}

/** Which mirrors are asked, for every command that asks some: values as `MirrorFlags` of `src/mirror/choose/`. */
export const mirrorFlags: FlagGroup = () => [
  new Flag('--mirror <url>', 'ask this mirror, and none that is configured or listed; repeatable', {
    parse: collectUrls,
    repeatable: true,
    // GIT_MIRROR_MIRROR would say nothing.
    environment: 'GIT_MIRROR_URLS',
    group,
  }),
  new Flag('--no-mirror', 'ask no mirror', { environment: false, group }),
  new Flag('--prefer-mirror <url>', 'ask this mirror first', { parse: parseUrl, group }),
  new Flag('--mirror-protocols <list>', 'protocols, the best first, ! bans one: https,ssh,!git', {
    parse: parseProtocols,
    group,
  }),
];
