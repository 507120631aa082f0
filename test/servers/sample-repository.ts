import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A repository with two branches and an annotated tag. */
export interface SampleRepository {
  readonly path: string;
  /** Full names and object names of its refs, as `git for-each-ref` sorts them. */
  readonly refs: readonly { readonly name: string; readonly oid: string }[];
}

/** Runs git and returns what it printed, the last line end removed. */
export async function git(args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const { stdout } = await run('git', args, { env, maxBuffer: 64 * 1024 * 1024 });
  return stdout.trimEnd();
}

/** Makes the repository at `path`, bare unless said otherwise. The same call gives the same object names. */
export async function createSampleRepository(
  path: string,
  options: { readonly bare?: boolean } = {},
): Promise<SampleRepository> {
  await git(['init', '-q', ...(options.bare === false ? [] : ['--bare']), '--initial-branch=main', path]);
  const env = { ...process.env, GIT_AUTHOR_DATE: '1700000000 +0000', GIT_COMMITTER_DATE: '1700000000 +0000' };
  const commit = async (message: string, ...parents: readonly string[]): Promise<string> => {
    // The empty tree needs no object to be written first where Git knows it by heart; writing it makes fsck content.
    const tree = await git(['-C', path, 'hash-object', '-t', 'tree', '-w', '/dev/null']);
    return git(['-C', path, 'commit-tree', tree, '-m', message, ...parents.flatMap((oid) => ['-p', oid])], env);
  };
  const first = await commit('first');
  const second = await commit('second', first);
  await git(['-C', path, 'update-ref', 'refs/heads/main', second]);
  await git(['-C', path, 'update-ref', 'refs/heads/old', first]);
  await git(['-C', path, 'tag', '-a', '-m', 'one', 'v1', first], env);
  return { path, refs: await listRefs(path) };
}

/** Makes an empty bare repository at `path`. */
export async function createEmptyRepository(path: string): Promise<void> {
  await git(['init', '-q', '--bare', '--initial-branch=main', path]);
}

/** The refs of a repository on this machine. */
export async function listRefs(path: string): Promise<SampleRepository['refs']> {
  const lines = await git(['-C', path, 'for-each-ref', '--format=%(refname) %(objectname)']);
  return lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [name = '', oid = ''] = line.split(' ');
      return { name, oid };
    });
}
