import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { isGitMirrorError } from '../../core/error.ts';
import type { MirrorEntry } from '../../wire/mirrors/mirror-list.ts';
import type { GitProgram } from '../git-program.ts';
import { decodeAnnouncedMirrors } from './announced-mirrors.ts';
import type { ListContext, ListSource } from './list-source.ts';

/** Lists of one repository that are read, and bytes of each. */
const maxLists = 16;
const maxListBytes = 64 * 1024;
const namespace = 'refs/mirrors/*';

/** Git for a repository of its own, wherever it is run; it asks nobody for a password: the list is not worth it. */
const apart = {
  GIT_ALTERNATE_OBJECT_DIRECTORIES: undefined,
  GIT_COMMON_DIR: undefined,
  GIT_INDEX_FILE: undefined,
  GIT_NAMESPACE: undefined,
  GIT_OBJECT_DIRECTORY: undefined,
  GIT_SHALLOW_FILE: undefined,
  GIT_WORK_TREE: undefined,
  GIT_TERMINAL_PROMPT: '0',
  GIT_ASKPASS: '',
  SSH_ASKPASS_REQUIRE: 'never',
  LC_ALL: 'C',
};

const fetchFlags = [
  '--quiet',
  // A ref that leads to a commit brings no history along.
  '--depth=1',
  '--no-tags',
  '--no-prune',
  '--no-write-fetch-head',
  '--no-auto-maintenance',
  '--recurse-submodules=no',
  '--refmap=',
];

/**
 * The blobs below `refs/mirrors/` of the repository itself (row M8), fetched by git into a repository that goes away again:
 * with git's transports, credentials and the settings of the user's repository, since whoever may read that may read these.
 */
export const repositorySource: ListSource = {
  name: namespace,
  timeoutMs: 30_000,
  suits: () => true,
  ask: async (_query, context) => {
    const folder = await mkdtemp(join(tmpdir(), 'git-mirror-lists-'));
    try {
      const mirrors = await readLists(folder, context);
      return mirrors === undefined ? undefined : { kind: 'list', list: { canonical: [], prefer: 'now', mirrors } };
    } finally {
      await rm(folder, { recursive: true, force: true, maxRetries: 3 });
    }
  },
};

async function readLists(folder: string, context: ListContext): Promise<readonly MirrorEntry[] | undefined> {
  const { git, signal } = context;
  const here = await git.run(['rev-parse', '--show-object-format', '--git-path', 'config'], {
    allowStatus: [128],
    signal,
  });
  const [format, config] = here.status === 0 ? here.stdout.split('\n') : [];
  const settings = config === undefined ? undefined : resolve(git.cwd, config);
  if (format !== undefined) return fetchLists(join(folder, 'lists.git'), format, settings, context);
  try {
    return await fetchLists(join(folder, 'sha1.git'), 'sha1', settings, context);
  } catch (error) {
    if (!isGitMirrorError(error, 'GM_SYSTEM') || !error.message.includes('mismatched algorithms')) throw error;
    return fetchLists(join(folder, 'sha256.git'), 'sha256', settings, context);
  }
}

async function fetchLists(
  path: string,
  format: string,
  settings: string | undefined,
  { git, remote, signal }: ListContext,
): Promise<readonly MirrorEntry[] | undefined> {
  await git
    .with({ ...apart, GIT_DIR: undefined })
    .run(['init', '--quiet', '--bare', '--template=', `--object-format=${format}`, path], { signal });
  const lists = git.with({ ...apart, GIT_DIR: path });
  const flags = ['-c', 'core.hooksPath=/dev/null', '-c', 'core.bare=true'];
  if (settings !== undefined) flags.unshift('-c', `include.path=${settings}`);
  await lists.run([...flags, 'fetch', ...fetchFlags, '--', remote, `+${namespace}:${namespace}`], {
    // Where nothing matches, some gits that are given a depth end so, without a word.
    allowStatus: [1],
    signal,
  });
  return readBlobs(lists, signal);
}

async function readBlobs(git: GitProgram, signal: AbortSignal): Promise<readonly MirrorEntry[] | undefined> {
  const format = '%(objecttype) %(objectsize) %(objectname)';
  const refs = await git.text(['for-each-ref', `--count=${String(maxLists)}`, `--format=${format}`, 'refs/mirrors/'], {
    signal,
  });
  if (refs === '') return undefined;
  const mirrors: MirrorEntry[] = [];
  for (const line of refs.split('\n')) {
    const [type, size, oid = ''] = line.split(' ');
    if (type !== 'blob' || Number(size) > maxListBytes) continue;
    mirrors.push(...decodeAnnouncedMirrors(await git.text(['cat-file', 'blob', oid], { signal })));
  }
  return mirrors;
}
