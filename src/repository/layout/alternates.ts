import { realpathSync, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { GitMirrorError, isGitMirrorError, messageOf } from '../../core/error.ts';
import { decodeRawText } from '../../core/raw-text.ts';
import { readSmallFile } from '../file-stamp.ts';
import { repositoryLimits } from '../repository-limits.ts';

/** Object directories from which a repository borrows. */
export interface Alternates {
  /** Real paths, without the repository's own, each once, in the order in which git searches them. */
  readonly directories: readonly string[];
  /** A sentence for each entry that was left out, in git's words. */
  readonly warnings: readonly string[];
}

/**
 * The entries of `info/alternates` in an object directory, as they are there (gitrepository-layout(5)): lines, those in
 * double quotes unquoted, without comments. Empty when there is no such file.
 *
 * @throws GitMirrorError `GM_LIMIT`, `GM_SYSTEM`
 */
export function readAlternates(objectsDir: string): readonly string[] {
  const file = readSmallFile(join(objectsDir, 'info', 'alternates'), repositoryLimits.maxAlternatesBytes);
  return file === undefined ? [] : parseAlternates(file.bytes);
}

/** Splits the content of the file into its entries. */
export function parseAlternates(bytes: Buffer): readonly string[] {
  const nul = bytes.indexOf(0);
  const content = nul < 0 ? bytes : bytes.subarray(0, nul);
  const entries: string[] = [];
  for (let at = 0; at < content.length;) {
    const lineFeed = content.indexOf(0x0a, at);
    const lineEnd = lineFeed < 0 ? content.length : lineFeed;
    const quoted = content[at] === 0x22 ? unquote(content, at) : undefined;
    const isComment = content[at] === 0x23;
    const path = quoted?.bytes ?? content.subarray(at, isComment ? at : lineEnd);
    if (path.length > 0) entries.push(decodeRawText(path));
    at = (quoted?.end ?? lineEnd) + 1;
  }
  return entries;
}

/**
 * Follows alternates of alternates, depth first as git does: an entry, then what it borrows from. Entries relative to the
 * object directory that names them are allowed at every depth. What does not exist, or is nested too deeply, is left out
 * with a warning; what was met already, loops among them, without one.
 *
 * @param objectsDir - the repository's own
 * @param read - reads the entries of one object directory
 * @throws GitMirrorError `GM_LIMIT` when there are more than {@link repositoryLimits.maxAlternates}
 */
export function followAlternates(
  objectsDir: string,
  read: (objectsDir: string) => readonly string[] = readAlternates,
): Alternates {
  const own = realPath(objectsDir) ?? objectsDir;
  const directories = new Set<string>();
  const warnings: string[] = [];
  const follow = (from: string, depth: number): void => {
    const entries = readOrWarn(from, read, warnings);
    if (entries.length > 0 && depth > repositoryLimits.maxAlternateDepth) {
      warnings.push(`${from}: ignoring alternate object stores, nesting too deep`);
      return;
    }
    for (const entry of entries) {
      const path = isAbsolute(entry) ? entry : join(from, entry);
      const real = realPath(path);
      if (real === undefined) warnings.push(`unable to normalize alternate object path: ${path}`);
      else if (!isDirectory(real)) {
        warnings.push(`object directory ${real} does not exist; check .git/objects/info/alternates`);
      } else if (real !== own && !directories.has(real)) {
        if (directories.size >= repositoryLimits.maxAlternates) {
          throw new GitMirrorError('GM_LIMIT', `'${objectsDir}' has too many alternates`);
        }
        directories.add(real);
        follow(real, depth + 1);
      }
    }
  };
  follow(own, 0);
  return { directories: [...directories], warnings };
}

/** As git does: a list that cannot be read is no reason to give up. */
function readOrWarn(
  from: string,
  read: (objectsDir: string) => readonly string[],
  warnings: string[],
): readonly string[] {
  try {
    return read(from);
  } catch (error) {
    if (!isGitMirrorError(error, 'GM_SYSTEM')) throw error;
    warnings.push(messageOf(error));
    return [];
  }
}

/** As git's: the last part of the path need not exist. */
function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    try {
      return join(realpathSync(join(path, '..')), path.replace(/\/+$/, '').split('/').at(-1) ?? '');
    } catch {
      return undefined;
    }
  }
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

const escapes: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
  '\\': 0x5c,
  '"': 0x22,
};

/** A path in double quotes with the escapes of C; undefined when it does not end in a quote, or an escape is wrong. */
function unquote(content: Buffer, start: number): { readonly bytes: Buffer; readonly end: number } | undefined {
  const bytes: number[] = [];
  for (let at = start + 1; at < content.length; at++) {
    const byte = content[at] ?? 0;
    if (byte === 0x22) return { bytes: Buffer.from(bytes), end: at + 1 };
    if (byte !== 0x5c) {
      bytes.push(byte);
      continue;
    }
    at++;
    const octal = /^[0-3][0-7]{2}/.exec(content.toString('latin1', at, at + 3));
    const meant = octal === null ? escapes[String.fromCharCode(content[at] ?? 0)] : Number.parseInt(octal[0], 8);
    if (meant === undefined) return undefined;
    bytes.push(meant);
    if (octal !== null) at += 2;
  }
  return undefined;
}
