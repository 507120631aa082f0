import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { isObjectId, type ObjectId } from '../../core/object-id.ts';
import type { GitProgram } from '../git-program.ts';

/** A ref of this repository. */
export interface LocalRef {
  readonly oid: ObjectId;
  readonly isSymbolic: boolean;
}

/** What a repository is like before a fetch. */
export interface LocalState {
  readonly refs: ReadonlyMap<string, LocalRef>;
  /** Short name of the branch that HEAD is on; undefined when it is detached. */
  readonly branch: string | undefined;
  readonly isBare: boolean;
  readonly fetchHeadPath: string;
  /** Whether `.gitmodules` says of a submodule when to fetch it. */
  readonly hasSubmoduleRules: boolean;
}

/** Reads it with two runs of git at once; one more where HEAD is on no branch that there is. */
export async function readLocalState(git: GitProgram): Promise<LocalState> {
  const [listing, places] = await Promise.all([
    git.text(['for-each-ref', '--format=%(HEAD)%(objectname) %(symref) %(refname)']),
    // A bare repository has no top level: git says what else there is, and fails.
    git.run(['rev-parse', '--is-bare-repository', '--git-path', 'FETCH_HEAD', '--show-toplevel'], {
      allowStatus: [128],
    }),
  ]);
  const refs = new Map<string, LocalRef>();
  let head: string | undefined;
  for (const line of listing.split('\n')) {
    const [oid = '', symref = '', ...words] = line.slice(1).split(' ');
    const name = words.join(' ');
    if (isObjectId(oid)) refs.set(name, { oid, isSymbolic: symref !== '' });
    if (line.startsWith('*')) head = name;
  }
  const [isBare = '', fetchHeadPath = '', topLevel = ''] = places.stdout.split('\n');
  // A branch that has no commit yet is none of the refs.
  head ??= (await git.run(['symbolic-ref', '--quiet', 'HEAD'], { allowStatus: [1] })).stdout.trimEnd();
  const branch = /^refs\/heads\/(.+)$/.exec(head)?.[1];
  const modules = topLevel === '' ? '' : await readFile(join(topLevel, '.gitmodules'), 'utf8').catch(() => '');
  return {
    refs,
    branch,
    isBare: isBare === 'true',
    fetchHeadPath: resolve(git.cwd, fetchHeadPath),
    hasSubmoduleRules: /fetchRecurseSubmodules/i.test(modules),
  };
}
