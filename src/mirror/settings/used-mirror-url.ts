import type { GitProgram } from '../git-program.ts';
import type { MirrorCandidate } from '../mirror-candidate.ts';
import { parseMirrorUrl } from './mirror-url.ts';
import { withoutHelper } from './remote-mirrors.ts';

/**
 * The URL that git goes to for a mirror: with `url.<base>.insteadOf` (git-config(1)) for one that a person named, and as it is
 * for one that some server named. One run of git at most, which asks nobody.
 *
 * @throws GitMirrorError `GM_USAGE` when the rule makes something of it that is no URL of a mirror
 */
export async function usedMirrorUrl(
  git: GitProgram,
  { url, isUsers }: Pick<MirrorCandidate, 'url' | 'isUsers'>,
): Promise<string> {
  if (!isUsers) return url;
  const used = withoutHelper(await git.text(['ls-remote', '--get-url', url]));
  return parseMirrorUrl(used, 'user').url;
}
