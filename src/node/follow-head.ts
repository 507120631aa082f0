import { setHeadBranch } from './bare-repository.ts';
import type { Git } from './run-git.ts';
import type { Upstream } from './upstream.ts';

/**
 * Makes HEAD of the copy what HEAD of the upstream is. `sourceHead` is the branch it names, or empty when it is
 * detached or the server does not say. Only an upstream on this machine tells where a detached HEAD is; otherwise HEAD
 * stays, and when it names no branch that exists, goes to a likely one, so that a clone has something to check out.
 */
export async function followHead(git: Git, directory: string, upstream: Upstream, sourceHead: string): Promise<void> {
  if (sourceHead !== '') {
    const branch = sourceHead.startsWith('refs/') ? sourceHead : `refs/heads/${sourceHead}`;
    await setHeadBranch(git, directory, branch);
    return;
  }
  const { localPath } = upstream;
  if (localPath !== undefined && (await followLocalHead(git, directory, localPath))) return;
  if ((await git.tryRun(['-C', directory, 'rev-parse', '--quiet', '--verify', 'HEAD'])) !== undefined) return;
  const branch = await likelyBranch(git, directory);
  if (branch !== undefined) await setHeadBranch(git, directory, branch);
}

async function followLocalHead(git: Git, directory: string, upstream: string): Promise<boolean> {
  const branch = await git.tryRun(['-C', upstream, 'symbolic-ref', '--quiet', 'HEAD']);
  if (branch?.startsWith('refs/heads/') === true) {
    await setHeadBranch(git, directory, branch);
    return true;
  }
  const oid = await git.tryRun(['-C', upstream, 'rev-parse', '--quiet', '--verify', 'HEAD^{commit}']);
  if (oid === undefined) return false;
  if ((await git.tryRun(['-C', directory, 'cat-file', '-e', `${oid}^{commit}`])) === undefined) {
    // A commit on no branch, as in the checkouts of build machines: no ref names it, so no ref sync brings it.
    await git.run(['-C', directory, 'fetch', '--quiet', '--no-tags', '--no-write-fetch-head', upstream, 'HEAD']);
  }
  if ((await git.tryRun(['-C', directory, 'symbolic-ref', '--quiet', 'HEAD'])) === undefined) {
    const current = await git.tryRun(['-C', directory, 'rev-parse', '--quiet', '--verify', 'HEAD']);
    if (current === oid) return true;
  }
  await git.run(['-C', directory, 'update-ref', '--no-deref', 'HEAD', oid]);
  return true;
}

async function likelyBranch(git: Git, directory: string): Promise<string | undefined> {
  const listed = await git.run(['-C', directory, 'for-each-ref', '--format=%(refname)', 'refs/heads/']);
  const branches = listed.split('\n').filter((name) => name !== '');
  return ['refs/heads/main', 'refs/heads/master'].find((name) => branches.includes(name)) ?? branches[0];
}
