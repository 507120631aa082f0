import { GitMirrorError } from '../../core/error.ts';
import type { GitProgram } from '../git-program.ts';
import type { GitSettings } from './git-settings.ts';

/**
 * The remote that `git fetch` would use without being told: that of the branch, the only one there is, or `origin`
 * (git-fetch(1), "<repository>").
 */
export async function defaultRemote(git: GitProgram, settings: GitSettings): Promise<string> {
  // Outside of a repository (128) and with a detached HEAD (1) there is no branch.
  const { stdout } = await git.run(['symbolic-ref', '--quiet', '--short', 'HEAD'], { allowStatus: [1, 128] });
  const ofBranch = settings.last(`branch.${stdout.trim()}.remote`);
  if (ofBranch !== undefined && ofBranch !== '.') return ofBranch;
  const remotes = settings.subsections('remote', 'url');
  return remotes.length === 1 && remotes[0] !== undefined ? remotes[0] : 'origin';
}

/** `GM_USAGE` unless `remote` is one that is configured. */
export function assertRemote(settings: GitSettings, remote: string): void {
  if (settings.all(`remote.${remote}.url`).length > 0) return;
  const known = settings.subsections('remote', 'url');
  const hint = known.length === 0 ? 'there are none here' : `there is ${known.join(', ')}`;
  throw new GitMirrorError('GM_USAGE', `There is no remote ${JSON.stringify(remote)}: ${hint}`);
}
