import { appendFile, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { GitMirrorError } from '../core/error.ts';
import type { ObjectFormat } from '../core/object-id.ts';
import { isValidRefName } from '../core/ref-name.ts';
import type { Git } from './run-git.ts';

/** Prefix of directories that are not finished: their names cannot be those of repositories. */
export const unfinishedPrefix = '.new-';

const upstreamKey = 'git-mirror.upstream';

/**
 * What a copy needs from Git's configuration (git-config(1)): it takes whatever the upstream has, whoever's settings
 * say otherwise; the upkeep is ours; hooks of whoever runs the node are not run; clients may leave out objects; and
 * refs of our own making are not shown.
 */
const configuration = `[receive]
	denyDeleteCurrent = ignore
	denyNonFastForwards = false
	denyDeletes = false
	autogc = false
[core]
	hooksPath = hooks
[uploadpack]
	allowFilter = true
	hideRefs = refs/git-mirror
`;

/** What a new copy is made for. */
export interface NewRepository {
  readonly directory: string;
  readonly objectFormat: ObjectFormat;
  /** The branch HEAD is to name, in full; it need not exist yet. Undefined: git's own choice. */
  readonly head: string | undefined;
  /** Where the copy comes from, credentials removed. Kept in the repository, so that it can be found again. */
  readonly upstream: string;
}

/** Makes an empty bare repository. It appears at its place when it is complete, or not at all. */
export async function createBareRepository(git: Git, options: NewRepository): Promise<void> {
  const parent = dirname(options.directory);
  await mkdir(parent, { recursive: true });
  const temporary = await mkdtemp(join(parent, unfinishedPrefix));
  try {
    await git.run(['init', '--quiet', '--bare', '--template=', `--object-format=${options.objectFormat}`, temporary]);
    await appendFile(join(temporary, 'config'), configuration);
    await git.run(['-C', temporary, 'config', upstreamKey, options.upstream]);
    if (options.head !== undefined) await setHeadBranch(git, temporary, options.head);
    await rename(temporary, options.directory);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
}

/** The upstream written into a copy by {@link createBareRepository}; undefined for any other directory. */
export async function readUpstream(git: Git, directory: string): Promise<string | undefined> {
  return git.tryRun(['config', '--file', join(directory, 'config'), '--get', upstreamKey]);
}

/** Whether the repository has any ref at all. */
export async function hasRefs(git: Git, directory: string): Promise<boolean> {
  return ((await git.tryRun(['-C', directory, 'for-each-ref', '--count=1'])) ?? '') !== '';
}

/** Makes HEAD name `branch` (a full name), which need not exist (git-symbolic-ref(1)). Does nothing when it does so already. */
export async function setHeadBranch(git: Git, directory: string, branch: string): Promise<void> {
  if (!branch.startsWith('refs/heads/') || !isValidRefName(branch)) {
    throw new GitMirrorError('GM_PROTOCOL', 'HEAD of the upstream names something that is no branch');
  }
  const current = await git.tryRun(['-C', directory, 'symbolic-ref', '--quiet', 'HEAD']);
  if (current !== branch) await git.run(['-C', directory, 'symbolic-ref', 'HEAD', branch]);
}
