import type { GitProgram } from './git-program.ts';

/** A ref of a mirror that holds what no ref of the user does. */
export interface KeptRef {
  readonly name: string;
  readonly oid: string;
}

/** What became of the refs below `refs/mirror/`. */
export interface CleanResult {
  readonly removed: readonly string[];
  readonly kept: readonly KeptRef[];
}

interface MirrorRef extends KeptRef {
  readonly type: string;
  /** What it leads to in the end: itself unless it is a tag. */
  readonly target: { readonly oid: string; readonly type: string };
}

const format = '%(objectname) %(objecttype) %(*objectname) %(*objecttype) %(refname)';

/**
 * Removes the refs below `refs/mirror/` whose commits are reachable from the user's own refs, HEAD and those of all worktrees
 * among them, by one `git rev-list`. What holds something more is kept, and named. A ref that changes meanwhile is left
 * alone, and all others with it.
 *
 * @throws GitMirrorError `GM_SYSTEM` when git fails, as for a damaged repository; and the reason of `signal`
 */
export async function cleanMirrorRefs(git: GitProgram, signal?: AbortSignal): Promise<CleanResult> {
  const refs = await listRefs(git, signal);
  const mirrors = refs.filter(({ name }) => name.startsWith('refs/mirror/'));
  if (mirrors.length === 0) return { removed: [], kept: [] };
  const own = new Set(
    refs.filter(({ name }) => !name.startsWith('refs/mirror/')).flatMap(({ oid, target }) => [oid, target.oid]),
  );
  const unmerged = await unmergedCommits(git, mirrors, signal);
  const holdsMore = ({ target: { oid, type } }: MirrorRef): boolean =>
    type === 'commit' ? unmerged.has(oid) : !own.has(oid);
  const kept = mirrors.filter(holdsMore);
  const removed = mirrors.filter((ref) => !holdsMore(ref));
  if (removed.length > 0) {
    const input = removed.map(({ name, oid }) => `delete ${name}\0${oid}\0`).join('');
    await git.run(['update-ref', '-z', '--stdin'], { input, signal });
  }
  return { removed: removed.map(({ name }) => name), kept: kept.map(({ name, oid }) => ({ name, oid })) };
}

async function listRefs(git: GitProgram, signal: AbortSignal | undefined): Promise<readonly MirrorRef[]> {
  const text = await git.text(['for-each-ref', `--format=${format}`], { signal });
  return text.split('\n').flatMap((line) => {
    const [oid = '', type = '', peeledOid = '', peeledType = '', ...name] = line.split(' ');
    if (name.length === 0) return [];
    return [
      {
        name: name.join(' '),
        oid,
        type,
        target: type === 'tag' ? { oid: peeledOid, type: peeledType } : { oid, type },
      },
    ];
  });
}

/** Of the commits that `mirrors` lead to and all before them, those that no ref of the user reaches. */
async function unmergedCommits(
  git: GitProgram,
  mirrors: readonly MirrorRef[],
  signal: AbortSignal | undefined,
): Promise<ReadonlySet<string>> {
  const tips = new Set(mirrors.flatMap(({ target }) => (target.type === 'commit' ? [target.oid] : [])));
  if (tips.size === 0) return new Set();
  const text = await git.text(
    ['rev-list', '--ignore-missing', '--stdin', '--not', '--exclude=refs/mirror/*', '--all'],
    { input: [...tips, ''].join('\n'), signal },
  );
  return new Set(text.split('\n'));
}
