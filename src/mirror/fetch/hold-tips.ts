import type { GitProgram } from '../git-program.ts';
import { hideMirrorRefs } from '../hide-refs.ts';
import type { WantedTip } from './choose-tips.ts';

/**
 * Puts refs below `refs/mirror/<space>/` on what a mirror sent, so that it is offered to the origin and survives git-gc(1)
 * until the clean-up. Older refs of the space that are in the way (a file where a folder is needed) go.
 */
export async function holdTips(git: GitProgram, space: string, tips: readonly WantedTip[]): Promise<void> {
  await hideMirrorRefs(git);
  const listing = await git.text(['for-each-ref', '--format=%(refname)', `refs/mirror/${space}/`]);
  const wanted = new Set(tips.map(({ ref }) => ref));
  const folders = new Set(tips.flatMap(({ ref }) => foldersOf(ref)));
  const inTheWay = listing
    .split('\n')
    .filter((ref) => ref !== '' && (folders.has(ref) || foldersOf(ref).some((folder) => wanted.has(folder))));
  if (inTheWay.length > 0)
    await updateRefs(
      git,
      inTheWay.map((ref) => `delete ${ref}\n`),
    );
  await updateRefs(
    git,
    // A remote helper is asked for the branch that HEAD names twice, and git takes one update of a ref.
    [...new Set(tips.map(({ ref, oid }) => `update ${ref} ${oid}\n`))],
  );
}

/** `refs/mirror/a/heads/x/y`: `refs/mirror/a/heads/x`, `refs/mirror/a/heads`, …. */
function foldersOf(ref: string): readonly string[] {
  const parts = ref.split('/');
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('/'));
}

async function updateRefs(git: GitProgram, lines: readonly string[]): Promise<void> {
  await git.run(['-c', 'core.hooksPath=/dev/null', 'update-ref', '--no-deref', '--stdin'], { input: lines.join('') });
}
