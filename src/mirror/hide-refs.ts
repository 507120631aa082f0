import type { GitProgram } from './git-program.ts';
import { readGitSettings } from './settings/git-settings.ts';

/** Since this version git decorates only with refs that people look at, unless something is configured. */
const choosesDecorations = [2, 39] as const;

const hidden = 'refs/mirror/';

/**
 * Hides the refs of mirrors from whoever fetches from this repository or pushes to it (`transfer.hideRefs`), and from
 * `git log --decorate` where git would show them (`log.excludeDecoration`): once, in the repository's own configuration. For
 * before the first of them is made. What git-push(1) sends cannot be restricted here: `--mirror`, and refspecs that begin at
 * `refs/*`, take them along.
 *
 * @throws GitMirrorError `GM_SYSTEM` when the configuration cannot be written
 */
export async function hideMirrorRefs(git: GitProgram): Promise<void> {
  const settings = await readGitSettings(git);
  const covers = (key: string): boolean => settings.all(key).some((value) => value.startsWith('refs/mirror'));
  if (!covers('transfer.hiderefs')) await git.run(['config', '--add', 'transfer.hideRefs', hidden]);
  // A setting of this kind makes newer gits show more than they would without it.
  if (covers('log.excludedecoration') || (await choosesItself(git))) return;
  await git.run(['config', '--add', 'log.excludeDecoration', hidden]);
}

async function choosesItself(git: GitProgram): Promise<boolean> {
  const [, major = '0', minor = '0'] = /(\d+)\.(\d+)/.exec(await git.text(['version'])) ?? [];
  const [sinceMajor, sinceMinor] = choosesDecorations;
  return Number(major) > sinceMajor || (Number(major) === sinceMajor && Number(minor) >= sinceMinor);
}
