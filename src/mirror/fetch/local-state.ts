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

/** Reads it with three runs of git at once. */
export async function readLocalState(git: GitProgram): Promise<LocalState> {
  const [listing, head, places] = await Promise.all([
    git.text(['for-each-ref', '--format=%(objectname) %(symref) %(refname)']),
    git.run(['symbolic-ref', '--quiet', 'HEAD'], { allowStatus: [1] }),
    // A bare repository has no top level: git says what else there is, and fails.
    git.run(['rev-parse', '--is-bare-repository', '--git-path', 'FETCH_HEAD', '--show-toplevel'], {
      allowStatus: [128],
    }),
  ]);
  const refs = new Map<string, LocalRef>();
  for (const line of listing.split('\n')) {
    const [oid = '', symref = '', ...name] = line.split(' ');
    if (isObjectId(oid)) refs.set(name.join(' '), { oid, isSymbolic: symref !== '' });
  }
  const [isBare = '', fetchHeadPath = '', topLevel = ''] = places.stdout.split('\n');
  const branch = /^refs\/heads\/(.+)$/.exec(head.stdout.trimEnd())?.[1];
  const modules = topLevel === '' ? '' : await readFile(join(topLevel, '.gitmodules'), 'utf8').catch(() => '');
  return {
    refs,
    branch,
    isBare: isBare === 'true',
    fetchHeadPath: resolve(git.cwd, fetchHeadPath),
    hasSubmoduleRules: /fetchRecurseSubmodules/i.test(modules),
  };
}
