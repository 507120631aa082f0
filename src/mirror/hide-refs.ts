import { isGitMirrorError } from '../core/error.ts';
import type { GitProgram } from './git-program.ts';
import { readGitSettings } from './settings/git-settings.ts';

/** Since this version git decorates only with refs that people look at, unless something is configured. */
const choosesDecorations = [2, 39] as const;

const hidden = 'refs/mirror/';

/**
 * Hides the refs of mirrors from whoever fetches from this repository or pushes to it (`transfer.hideRefs`), and from
 * `git log --decorate` where git would show them (`log.excludeDecoration`): once, in the repository's own configuration,
 * before the first of them is made. Where that cannot be written they are not hidden. What git-push(1) sends cannot be
 * restricted here: `--mirror`, and refspecs that begin at `refs/*`, take them along.
 */
export async function hideMirrorRefs(git: GitProgram): Promise<void> {
  const settings = await readGitSettings(git);
  // The repository beside a clone goes with it.
  if (settings.last('mirror.stagingfor') !== undefined) return;
  // Whoever has set it has decided.
  if (settings.all('transfer.hiderefs').some((value) => value.includes('refs/mirror'))) return;
  try {
    // A setting of this kind makes newer gits show more than they would without it.
    if (!(await choosesItself(git))) await git.run(['config', '--add', 'log.excludeDecoration', hidden]);
    await git.run(['config', '--add', 'transfer.hideRefs', hidden]);
  } catch (error) {
    if (!isGitMirrorError(error, 'GM_SYSTEM')) throw error;
  }
}

async function choosesItself(git: GitProgram): Promise<boolean> {
  const [, major = '0', minor = '0'] = /(\d+)\.(\d+)/.exec(await git.text(['version'])) ?? [];
  const [sinceMajor, sinceMinor] = choosesDecorations;
  return Number(major) > sinceMajor || (Number(major) === sinceMajor && Number(minor) >= sinceMinor);
}
