import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { GitMirrorError } from '../core/error.ts';

/**
 * What `stat` says of a file, as one string: it changes whenever the file is replaced or written to. Undefined when there
 * is no such file.
 */
export type FileStamp = string | undefined;

/** Changes closer together than this may leave the same time stamp on some file systems. */
const settleMs = 50;

/** The stamp of the file at `path`, symbolic links followed. @throws GitMirrorError `GM_SYSTEM` */
export function stampOf(path: string): FileStamp {
  try {
    return stampOfStat(statSync(path, { bigint: true }));
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw systemError(path, error);
  }
}

/**
 * Whether a file with this stamp can no longer change without its stamp changing too: not when it was written to within
 * the resolution of time stamps.
 */
export function isSettled(stamp: FileStamp, nowMs = Date.now()): boolean {
  if (stamp === undefined) return true;
  const changedMs = Number(stamp.slice(stamp.lastIndexOf('.') + 1)) / 1e6;
  return nowMs - changedMs > settleMs;
}

/** A file read whole, with its stamp as it was then. */
export interface StampedFile {
  readonly bytes: Buffer;
  readonly stamp: string;
}

/**
 * Reads a file that is expected to be small. Undefined when there is none.
 *
 * @throws GitMirrorError `GM_LIMIT` when it has more than `maxBytes`; `GM_SYSTEM` when it cannot be read
 */
export function readSmallFile(path: string, maxBytes: number): StampedFile | undefined {
  let file: number | undefined;
  try {
    file = openSync(path, 'r');
    const stat = fstatSync(file, { bigint: true });
    if (stat.size > BigInt(maxBytes)) throw tooLarge(path, maxBytes);
    const bytes = readToEnd(file, Number(stat.size), maxBytes);
    if (bytes === undefined) throw tooLarge(path, maxBytes);
    return { bytes, stamp: stampOfStat(stat) };
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error instanceof GitMirrorError ? error : systemError(path, error);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** Whether the system says that there is no such file (or that a folder on the way to it is none). */
export function isMissing(error: unknown): boolean {
  const code = codeOf(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/** `errno` of a failed system call, by name. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** `GM_SYSTEM` for a file that cannot be read. */
export function systemError(path: string, cause: unknown): GitMirrorError {
  const reason = codeOf(cause) ?? String(cause);
  return new GitMirrorError('GM_SYSTEM', `unable to access '${path}': ${reason}`, { cause, details: { path } });
}

interface BigStat {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
}

/** The stamp made of an answer of `stat` with `bigint: true`. */
export function stampOfStat(stat: BigStat): string {
  const fields = [stat.dev, stat.ino, stat.size, stat.mtimeNs, stat.ctimeNs];
  return fields.map(String).join('.');
}

function readToEnd(file: number, size: number, maxBytes: number): Buffer | undefined {
  // One byte more than it should have shows that it grew meanwhile, and files of /proc say that they have none.
  let buffer = Buffer.allocUnsafe(size + 1);
  let length = 0;
  for (;;) {
    const count = readSync(file, buffer, length, buffer.length - length, length);
    if (count === 0) return buffer.subarray(0, length);
    length += count;
    if (length > maxBytes) return undefined;
    if (length === buffer.length) buffer = Buffer.concat([buffer, Buffer.allocUnsafe(Math.max(4096, length))]);
  }
}

function tooLarge(path: string, maxBytes: number): GitMirrorError {
  return new GitMirrorError('GM_LIMIT', `'${path}' has more than ${String(maxBytes)} bytes`, { details: { path } });
}
