import { readSync } from 'node:fs';
import { GitMirrorError } from '../../../core/error.ts';

/** The bytes of one table, wherever they are. */
export interface ReftableSource {
  readonly path: string;
  readonly size: number;
  /** The bytes from `offset` on, `length` or as many as there are; borrowed until the next call. */
  read(offset: number, length: number): Buffer;
}

/** A table that is held in memory. */
export function heldSource(path: string, bytes: Buffer): ReftableSource {
  return { path, size: bytes.length, read: (offset, length) => bytes.subarray(offset, offset + length) };
}

/** A table that is read from an open file. */
export function fileSource(path: string, file: number, size: number): ReftableSource {
  let buffer = Buffer.alloc(0);
  const read = (offset: number, length: number): Buffer => {
    const wanted = Math.max(0, Math.min(length, size - offset));
    if (buffer.length < wanted) buffer = Buffer.allocUnsafe(wanted);
    let filled = 0;
    while (filled < wanted) {
      const count = readSync(file, buffer, filled, wanted - filled, offset + filled);
      if (count === 0) break;
      filled += count;
    }
    return buffer.subarray(0, filled);
  };
  return { path, size, read };
}

/** `GM_CORRUPT` for a table that breaks the rules of its format. */
export function corruptTable(path: string, problem: string): GitMirrorError {
  return new GitMirrorError('GM_CORRUPT', `reftable ${path}: ${problem}`, { details: { path } });
}
