import { GitMirrorError } from '../../core/error.ts';
import { displayUrl } from '../../transport/display-url.ts';
import { comparableUrl } from '../../wire/mirrors/comparable-url.ts';
import type { GitProgram } from '../git-program.ts';
import { parseMirrorUrl } from './mirror-url.ts';
import type { RemoteMirrors } from './remote-mirrors.ts';

/** Status of git-config(1) for a value that is not in the file. */
const notThere = 5;

/** What is known of a remote that is configured. */
type KnownRemote = RemoteMirrors & { readonly remote: string };

/**
 * Adds a mirror to `remote.<name>.mirrorUrl`. False when it is there already. `GM_USAGE` for a URL that no mirror can have,
 * or that is the origin's.
 */
export async function addMirror(git: GitProgram, mirrors: KnownRemote, text: string): Promise<boolean> {
  const { url } = parseMirrorUrl(text, 'user');
  const place = comparableUrl(url);
  if (place === comparableUrl(mirrors.url)) {
    throw new GitMirrorError('GM_USAGE', `${displayUrl(url)} is the URL of ${mirrors.remote} itself, not of a mirror`);
  }
  if (mirrors.userMirrors.some((known) => comparableUrl(known) === place)) return false;
  await git.run(['config', '--add', `remote.${mirrors.remote}.mirrorUrl`, url]);
  return true;
}

/**
 * Removes a mirror from `remote.<name>.mirrorUrl`, and from `remote.<name>.preferredMirror`. Returns the URLs that were
 * removed. `GM_USAGE` when there is none of the user's, or it is set outside of the repository.
 */
export async function removeMirror(git: GitProgram, mirrors: KnownRemote, text: string): Promise<readonly string[]> {
  const { remote, userMirrors, preferredMirror, learned } = mirrors;
  const place = comparableUrl(text);
  const isSame = (url: string): boolean => comparableUrl(url) === place;
  const isPreferred = preferredMirror !== undefined && isSame(preferredMirror);
  const own = [...new Set(userMirrors.filter(isSame))];
  if (own.length === 0 && !isPreferred) {
    const why = learned.mirrors.some(({ url }) => isSame(url))
      ? `the server names it, and would name it again; ask none of its list with git config remote.${remote}.preferMirror never`
      : `see git mirror list ${remote}`;
    throw new GitMirrorError('GM_USAGE', `${displayUrl(text)} is no mirror that you have set for ${remote}: ${why}`);
  }
  for (const url of own) await unset(git, `remote.${remote}.mirrorUrl`, url);
  if (isPreferred) await unset(git, `remote.${remote}.preferredMirror`, preferredMirror);
  return own.length > 0 ? own : [text];
}

/** Makes a mirror the one that is asked first, or, with undefined, none. `GM_USAGE` for a URL that no mirror can have. */
export async function preferMirror(git: GitProgram, { remote }: KnownRemote, text: string | undefined): Promise<void> {
  const key = `remote.${remote}.preferredMirror`;
  if (text !== undefined) await git.run(['config', '--replace-all', key, parseMirrorUrl(text, 'user').url]);
  else await git.run(['config', '--unset-all', key], { allowStatus: [notThere] });
}

async function unset(git: GitProgram, key: string, value: string): Promise<void> {
  const { status } = await git.run(['config', '--fixed-value', '--unset-all', key, value], { allowStatus: [notThere] });
  if (status !== notThere) return;
  throw new GitMirrorError(
    'GM_USAGE',
    `${key} is not set in this repository's own configuration: see git config --show-origin --get-all ${key}`,
  );
}
