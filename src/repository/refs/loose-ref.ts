import { closeSync, lstatSync, openSync, readlinkSync, readSync, statSync } from 'node:fs';
import { isObjectId, type ObjectFormat, hexLength } from '../../core/object-id.ts';
import { decodeRawText, encodeRawText } from '../../core/raw-text.ts';
import { isValidRefName } from '../../core/ref-name.ts';
import { codeOf } from '../file-stamp.ts';
import { repositoryLimits } from '../repository-limits.ts';
import { brokenRef, missingRef, type RawRef } from './raw-ref.ts';

/** A path as the file system functions of Node take it when it is held as raw text. */
export function toFilePath(path: string): string | Buffer {
  return path.isWellFormed() ? path : Buffer.from(encodeRawText(path));
}

/** What a loose ref says (gitrepository-layout(5), "refs"): `ref: <name>`, or an object name and anything behind it. */
export function parseLooseRef(bytes: Uint8Array, format: ObjectFormat): RawRef {
  const text = decodeRawText(bytes).replace(/[ \t\n\r]+$/, '');
  if (text.startsWith('ref:')) {
    const target = text.slice('ref:'.length).replace(/^[ \t\n\r]+/, '');
    const end = target.indexOf('\0');
    return { kind: 'symref', target: end < 0 ? target : target.slice(0, end) };
  }
  const length = hexLength(format);
  const oid = text.slice(0, length).toLowerCase();
  const behind = text.charAt(length);
  if (!isObjectId(oid, format) || !['', ' ', '\t', '\n', '\r', '\0'].includes(behind)) return brokenRef;
  return { kind: 'oid', oid };
}

/** Reads of a file that changes its kind meanwhile are tried so many times (as git does). */
const maxTries = 3;

/**
 * Reads the file at `path`, which may be a symbolic link to a ref of that name. A folder counts as missing, and so does
 * what is under a file; everything else that is no readable ref is broken.
 */
export function readLooseRef(path: string, format: ObjectFormat): RawRef {
  for (let tries = 0; tries < maxTries; tries++) {
    try {
      const stat = lstatSync(toFilePath(path));
      if (stat.isDirectory()) return missingRef;
      if (stat.isSymbolicLink()) {
        const target = decodeRawText(readlinkSync(toFilePath(path), 'buffer'));
        if (target.startsWith('refs/') && isValidRefName(target)) return { kind: 'symref', target };
        // Opening a FIFO would wait for whoever writes to it.
        if (!statSync(toFilePath(path)).isFile()) return brokenRef;
      } else if (!stat.isFile()) {
        return brokenRef;
      }
    } catch (error) {
      const code = codeOf(error);
      return code === 'ENOENT' || code === 'ENOTDIR' ? missingRef : brokenRef;
    }
    const raw = readRegularRef(path, format);
    if (raw.kind !== 'missing') return raw;
  }
  return missingRef;
}

const scratch = Buffer.alloc(512);

/** Reads a file that is known to be a regular one. */
export function readRegularRef(path: string, format: ObjectFormat): RawRef {
  let file: number | undefined;
  try {
    file = openSync(toFilePath(path), 'r');
    const length = readSync(file, scratch, 0, scratch.length, 0);
    if (length < scratch.length) return parseLooseRef(scratch.subarray(0, length), format);
    const large = Buffer.alloc(repositoryLimits.maxLooseRefBytes + 1);
    const largeLength = readSync(file, large, 0, large.length, 0);
    if (largeLength > repositoryLimits.maxLooseRefBytes) return brokenRef;
    return parseLooseRef(large.subarray(0, largeLength), format);
  } catch (error) {
    return codeOf(error) === 'ENOENT' ? missingRef : brokenRef;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
