import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { basename } from 'node:path';
import { GitMirrorError, messageOf } from '../core/error.ts';

/** A file opened for reading. The owner closes it; the name is for messages: the path's last part only. */
export class ReadFile {
  readonly path: string;
  readonly name: string;
  readonly size: number;
  readonly mtimeMs: number;
  #descriptor: number;

  private constructor(path: string, descriptor: number) {
    this.path = path;
    this.name = basename(path);
    this.#descriptor = descriptor;
    const status = fstatSync(descriptor);
    this.size = status.size;
    this.mtimeMs = status.mtimeMs;
  }

  /** Undefined when there is no such file. @throws GitMirrorError `GM_SYSTEM` when it cannot be opened otherwise. */
  static open(path: string): ReadFile | undefined {
    let descriptor: number | undefined;
    try {
      descriptor = openSync(path, 'r');
      return new ReadFile(path, descriptor);
    } catch (cause) {
      if (descriptor !== undefined) closeSync(descriptor);
      if (isMissing(cause)) return undefined;
      throw new GitMirrorError('GM_SYSTEM', `Opening ${basename(path)}: ${messageOf(cause)}.`, { cause });
    }
  }

  /**
   * Reads exactly `length` bytes at `position` into `target` at `at`.
   *
   * @throws GitMirrorError `GM_CORRUPT` when the file ends before; `GM_SYSTEM` when the disk fails.
   */
  read(position: number, target: Uint8Array, at: number, length: number): void {
    let done = 0;
    while (done < length) {
      const count = this.#readOnce(position + done, target, at + done, Math.min(length - done, maxReadBytes));
      if (count === 0) throw this.corrupt(`it ends at ${position + done}, in the middle of something`);
      done += count;
    }
  }

  close(): void {
    if (this.#descriptor < 0) return;
    closeSync(this.#descriptor);
    this.#descriptor = -1;
  }

  /** The error for content that is damaged. */
  corrupt(problem: string): GitMirrorError {
    return new GitMirrorError('GM_CORRUPT', `Reading ${this.name}: ${problem}.`, { details: { file: this.name } });
  }

  #readOnce(position: number, target: Uint8Array, at: number, length: number): number {
    try {
      return readSync(this.#descriptor, target, at, length, position);
    } catch (cause) {
      throw new GitMirrorError('GM_SYSTEM', `Reading ${this.name}: ${messageOf(cause)}.`, { cause });
    }
  }
}

/** Linux reads no more than 2 GiB at once, nor does Node. */
const maxReadBytes = 1 << 30;

/** Whether a system call failed because the file or a folder on its way is not there. */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}
