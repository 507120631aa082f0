import { lstat, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { GitMirrorError } from '../../core/error.ts';
import type { ObjectFormat } from '../../core/object-id.ts';
import { displayUrl } from '../../transport/display-url.ts';
import { comparableUrl } from '../../wire/mirrors/comparable-url.ts';
import type { GitProgram } from '../git-program.ts';

/** Setting of a staging repository: what it was made for. */
const urlKey = 'mirror.stagingFor';
const lockName = 'git-mirror.pid';

/** A bare repository that takes what mirrors send, until there is a clone. */
export interface Staging {
  readonly git: GitProgram;
  readonly path: string;
  /** Whether an earlier run has left it. */
  readonly isResumed: boolean;
  /** Lets others have it. */
  release(): Promise<void>;
  /** Removes it. */
  remove(): Promise<void>;
}

/** Where the staging repository of the clone at `target` lies. */
export function stagingPath(target: string): string {
  return join(dirname(target), `.${basename(target)}.git-mirror`);
}

/**
 * Opens the staging repository of the clone at `target` of `url`: the one that an interrupted run has left, or a new one.
 *
 * @throws GitMirrorError `GM_USAGE` when there is one of another repository, or something else in its place, or another
 *   process has it; `GM_SYSTEM` when it cannot be made
 */
export async function openStaging(
  git: GitProgram,
  { target, url, format }: { readonly target: string; readonly url: string; readonly format: ObjectFormat },
): Promise<Staging> {
  const path = stagingPath(target);
  const own = git.with({ GIT_DIR: path, GIT_WORK_TREE: undefined, GIT_OBJECT_DIRECTORY: undefined }, path);
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) {
    await mkdir(dirname(path), { recursive: true });
    await git.run(['init', '--quiet', '--bare', '--template=', `--object-format=${format}`, path], {
      env: { GIT_DIR: undefined, GIT_WORK_TREE: undefined, GIT_DEFAULT_REF_FORMAT: undefined },
    });
    await own.run(['config', urlKey, url]);
  } else {
    const { stdout } = await own.run(['config', '--local', '--get', urlKey], { allowStatus: [1, 128] });
    const left = stdout.trimEnd();
    if (!found.isDirectory() || left === '') throw refusal(path, 'is no repository of an interrupted clone');
    if (comparableUrl(left) !== comparableUrl(url)) {
      throw refusal(path, `belongs to an interrupted clone of ${displayUrl(left)}`);
    }
  }
  const lock = join(path, lockName);
  await takeLock(lock, path);
  return {
    git: own,
    path,
    isResumed: found !== undefined,
    release: () => rm(lock, { force: true }),
    remove: () => rm(path, { recursive: true, force: true, maxRetries: 3 }),
  };
}

async function takeLock(lock: string, path: string): Promise<void> {
  const holder = Number(await readFile(lock, 'utf8').catch(() => '0'));
  if (holder > 0 && holder !== process.pid && isAlive(holder)) {
    throw refusal(path, `is in use by process ${String(holder)}`);
  }
  await writeFile(lock, `${String(process.pid)}\n`);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function refusal(path: string, why: string): GitMirrorError {
  return new GitMirrorError('GM_USAGE', `${path} ${why}: remove it, or clone to another folder`, { details: { path } });
}
