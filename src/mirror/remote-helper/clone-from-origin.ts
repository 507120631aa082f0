import { mkdtemp, readFile, rm, writeFile, readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { cloneRefFlags } from '../fetch/clone-ref-flags.ts';
import { hasObjects } from '../fetch/has-objects.ts';
import { moveObjects } from '../fetch/move-objects.ts';
import type { GitProgram } from '../git-program.ts';
import { ChildFailed } from './child-failed.ts';
import type { ChildGit } from './child-git.ts';
import type { WantedRef } from './command-reader.ts';
import type { Origin } from './origin-arguments.ts';
import type { TransferOptions } from './transfer-options.ts';

/** Beginning of the name of the repository that is cloned to, within the new one. */
const folderPrefix = 'mirror-clone-';
/** Name of the remote in there: `remote.<name>.proxy` and the like are set for it. */
const remoteName = 'git-mirror-origin';
/** What a new repository may have set that says nothing of how origins are reached: for all else git fetches in it. */
const harmlessKey =
  /^(?:core\.(?!sshcommand|gitproxy|askpass)|extensions\.|remote\.|branch\.|mirror\.|submodule\.|init\.)/;
const outside = {
  GIT_DIR: undefined,
  GIT_WORK_TREE: undefined,
  GIT_COMMON_DIR: undefined,
  GIT_INDEX_FILE: undefined,
  GIT_OBJECT_DIRECTORY: undefined,
  GIT_SHALLOW_FILE: undefined,
  GIT_PREFIX: undefined,
} as const;

/** What a clone from the origin has brought. */
export interface ClonedOrigin {
  /** Names of what its refs are on. */
  readonly oids: ReadonlySet<string>;
  /** The `.keep` file of a pack that is known to be whole; undefined when there is none. */
  readonly keepFile: string | undefined;
}

/**
 * Fills a new and empty repository by a `git clone --bare` within it. While that reads the pack it also checks that nothing
 * is missing, so that neither it nor the git above us need walk through history for that.
 *
 * @returns undefined when the repository is not empty, or set up in a way that a clone would not see
 * @throws ChildFailed when git could not: it has said why
 */
export async function cloneFromOrigin(
  git: GitProgram,
  child: ChildGit,
  origin: Origin,
  wanted: readonly WantedRef[],
  options: TransferOptions,
): Promise<ClonedOrigin | undefined> {
  const [gitDir = '', objectsPath = ''] = (
    await git.text(['rev-parse', '--absolute-git-dir', '--git-path', 'objects'])
  ).split('\n');
  const objects = resolve(git.cwd, objectsPath);
  // A clone of one commit names no ref.
  if (!wanted.every(({ name }) => name === 'HEAD' || name.startsWith('refs/'))) return undefined;
  if (git.env['GIT_ALTERNATE_OBJECT_DIRECTORIES'] !== undefined || (await hasObjects(objects))) return undefined;
  const keys = (await git.text(['config', '--local', '--name-only', '--list'])).split('\n');
  if (keys.some((key) => !harmlessKey.test(key))) return undefined;
  const path = await mkdtemp(join(gitDir, folderPrefix));
  try {
    const { status } = await child.run([...cloneArguments(origin, wanted, options), origin.url, path], {
      env: outside,
      hide: (line) => line.includes(folderPrefix),
    });
    if (status !== 0) throw new ChildFailed(status);
    const listing = await git.with({ ...outside, GIT_DIR: path }).text(['for-each-ref', '--format=%(objectname)']);
    const shallow = await readFile(join(path, 'shallow')).catch(() => undefined);
    if (shallow !== undefined) await writeFile(join(gitDir, 'shallow'), shallow);
    const pack = shallow === undefined ? await onlyPack(join(path, 'objects', 'pack')) : undefined;
    const keepFile = pack === undefined ? undefined : join(objects, 'pack', `${pack}.keep`);
    // Before there is a pack, so that nothing packs it anew before there are refs.
    if (keepFile !== undefined) await writeFile(keepFile, 'git-remote-mirror\n');
    await moveObjects(join(path, 'objects'), objects);
    return { oids: new Set(listing.split('\n')), keepFile };
  } finally {
    await rm(path, { recursive: true, force: true, maxRetries: 3 });
  }
}

function cloneArguments(origin: Origin, wanted: readonly WantedRef[], options: TransferOptions): readonly string[] {
  const uploadPack = origin.settings.find(([key]) => key === 'uploadpack')?.[1];
  const settings = origin.settings.map(([key, value]) => [`remote.${remoteName}.${key}`, value] as const);
  return [
    ...[...settings, ...origin.rules].flatMap(([key, value]) => ['-c', `${key}=${value}`]),
    // Older gits take no --origin together with --bare.
    '-c',
    `clone.defaultRemoteName=${remoteName}`,
    'clone',
    '--template=',
    // Links to the files of a path on this machine would come without a check.
    '--no-local',
    ...(options.progress ? ['--progress'] : options.verbosity < 1 ? ['--quiet'] : []),
    ...(options.rejectShallow ? ['--reject-shallow'] : []),
    ...(uploadPack === undefined ? [] : [`--upload-pack=${uploadPack}`]),
    ...cloneRefFlags(wanted.map(({ name }) => Buffer.from(name, 'latin1').toString('utf8'))),
    '--',
  ];
}

async function onlyPack(folder: string): Promise<string | undefined> {
  const packs = (await readdir(folder)).filter((name) => name.endsWith('.pack'));
  return packs.length === 1 ? packs[0]?.slice(0, -'.pack'.length) : undefined;
}
