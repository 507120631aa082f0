import { accessSync, constants, lstatSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { GitMirrorError, isGitMirrorError } from '../../core/error.ts';
import { isObjectId } from '../../core/object-id.ts';
import { decodeRawText } from '../../core/raw-text.ts';
import { codeOf, isMissing, readSmallFile, systemError } from '../file-stamp.ts';
import { repositoryLimits } from '../repository-limits.ts';

/** Where the files of a repository are. Both paths are real ones. */
export interface GitDirectory {
  readonly gitDir: string;
  /** What worktrees share; equal to `gitDir` but for them. */
  readonly commonDir: string;
}

/** What git-upload-pack appends to the path it is given, in this order (git-daemon(1), `--strict-paths`). */
const suffixes = ['/.git', '', '.git/.git', '.git'] as const;

/**
 * Finds the repository that a path stands for: the path itself, a `.git` in it, or either with `.git` behind its name;
 * a `.git` file is followed to the folder it names. Whether any of this leads out of a root is up to the caller.
 *
 * @throws GitMirrorError `GM_NOT_FOUND` when there is none; `GM_CORRUPT` for a `.git` file that makes no sense;
 * `GM_SYSTEM` when it cannot be read
 */
export function findGitDirectory(path: string): GitDirectory {
  const base = path.replace(/(?<=.)\/+$/, '');
  for (const suffix of suffixes) {
    const candidate = base + suffix;
    const kind = kindOf(candidate);
    if (kind === 'file') return describe(readGitFile(candidate));
    if (kind === 'folder' && isGitDirectory(candidate)) return describe(candidate);
  }
  throw notFound(path);
}

function notFound(path: string): GitMirrorError {
  return new GitMirrorError('GM_NOT_FOUND', `not a git repository: '${path}'`, { details: { path } });
}

function describe(gitDir: string): GitDirectory {
  let real: string;
  try {
    real = realpathSync(gitDir);
  } catch (error) {
    throw systemError(gitDir, error);
  }
  return { gitDir: real, commonDir: readCommonDirectory(real) ?? real };
}

/** What cannot be looked at counts as missing. */
function kindOf(path: string): 'file' | 'folder' | undefined {
  try {
    const stat = statSync(path);
    return stat.isFile() ? 'file' : stat.isDirectory() ? 'folder' : undefined;
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return undefined;
  }
}

/** The folder that a `.git` file names (gitrepository-layout(5), "gitfile"). */
function readGitFile(path: string): string {
  const file = readSmallFile(path, repositoryLimits.maxGitFileBytes);
  if (file === undefined) throw notFound(path);
  const text = decodeRawText(file.bytes);
  if (!text.startsWith('gitdir: ')) throw corrupt(`invalid gitfile format: ${path}`, path);
  const target = text.slice('gitdir: '.length).replace(/[\r\n]+$/, '');
  if (target === '') throw corrupt(`no path in gitfile: ${path}`, path);
  const gitDir = isAbsolute(target) ? target : join(dirname(path), target);
  if (!isGitDirectory(gitDir)) throw corrupt(`gitfile does not point to a valid repository: ${path}`, path);
  return gitDir;
}

/** Whether a folder looks like a repository: a HEAD that is one, and `objects` and `refs`. */
export function isGitDirectory(path: string): boolean {
  if (!isHead(join(path, 'HEAD'))) return false;
  const shared = readCommonDirectory(path) ?? path;
  return isReachable(join(shared, 'objects')) && isReachable(join(shared, 'refs'));
}

/** What `commondir` names (gitrepository-layout(5)), as a real path; undefined when there is no such file. */
function readCommonDirectory(gitDir: string): string | undefined {
  const path = join(gitDir, 'commondir');
  const file = readSmallFile(path, repositoryLimits.maxGitFileBytes);
  if (file === undefined) return undefined;
  const target = decodeRawText(file.bytes).replace(/[\r\n]+$/, '');
  if (target === '') throw corrupt(`failed to read ${path}`, path);
  try {
    return realpathSync(isAbsolute(target) ? target : join(gitDir, target));
  } catch (error) {
    if (isMissing(error)) throw corrupt(`${path} names a folder that does not exist`, path);
    throw systemError(path, error);
  }
}

const headBytes = 255;

function isHead(path: string): boolean {
  let text: string;
  try {
    const stat = lstatSync(path);
    if (stat.isSymbolicLink()) return readlinkSync(path).startsWith('refs/');
    if (!stat.isFile()) return false;
    const file = readSmallFile(path, repositoryLimits.maxGitFileBytes);
    text = decodeRawText(file?.bytes.subarray(0, headBytes) ?? Buffer.of());
  } catch (error) {
    if (codeOf(error) === undefined && !isGitMirrorError(error)) throw error;
    return false;
  }
  const target = /^ref:[ \t\n\r]*(.*)/s.exec(text)?.[1];
  return target?.startsWith('refs/') === true || isObjectId(text.slice(0, 40).toLowerCase(), 'sha1');
}

function isReachable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return false;
  }
}

function corrupt(message: string, path: string): GitMirrorError {
  return new GitMirrorError('GM_CORRUPT', message, { details: { path } });
}
