import { open, realpath, stat } from 'node:fs/promises';
import { GitMirrorError } from '../core/error.ts';

/** Where Git looks for a repository that was named loosely, best first (`enter_repo`, not strict). */
const suffixes = ['/.git', '', '.git/.git', '.git'] as const;

/**
 * The real path of the repository that `path` names, or undefined when there is none. A directory counts as one when it
 * has a `HEAD`, as Git decides it in the first place.
 */
export async function realRepositoryPath(path: string): Promise<string | undefined> {
  for (const suffix of suffixes) {
    const candidate = `${path}${suffix}`;
    if (await exists(`${candidate}/HEAD`)) return realpath(candidate);
  }
  return undefined;
}

/**
 * Refuses what cannot be a repository, with a sentence better than Git's. Paths that only Git can expand (`~user`) and
 * all doubtful ones pass. Throws `GM_NOT_FOUND`, or `GM_USAGE` for a bundle.
 */
export async function assertMayBeRepository(path: string): Promise<void> {
  if (path.startsWith('~')) return;
  const found = await statOf(path);
  if (found === undefined) {
    if ((await statOf(`${path}.git`)) !== undefined) return;
    throw notFound(path, 'there is nothing at that path: check it');
  }
  if (!found.isFile()) return;
  if (await beginsLikeBundle(path)) {
    throw new GitMirrorError(
      'GM_USAGE',
      `${path} is a bundle, and not a repository: clone it first with git clone --mirror`,
    );
  }
}

function notFound(path: string, why: string): GitMirrorError {
  return new GitMirrorError('GM_NOT_FOUND', `Opening the repository ${path} failed: ${why}`, {
    details: { url: path },
  });
}

async function exists(path: string): Promise<boolean> {
  return (await statOf(path)) !== undefined;
}

async function statOf(path: string): Promise<{ isFile(): boolean } | undefined> {
  try {
    return await stat(path);
  } catch {
    return undefined;
  }
}

async function beginsLikeBundle(path: string): Promise<boolean> {
  const magic = '# v2 git bundle';
  try {
    await using file = await open(path, 'r');
    const { buffer } = await file.read({ buffer: Buffer.alloc(magic.length), position: 0 });
    return /^# v\d git bundle$/.test(buffer.toString('latin1'));
  } catch {
    return false;
  }
}
