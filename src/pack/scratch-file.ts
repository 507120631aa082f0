import { randomBytes } from 'node:crypto';
import { closeSync, openSync, readSync, rmSync, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GitMirrorError, messageOf } from '../core/error.ts';

const writeBufferBytes = 256 * 1024;
const readWindowBytes = 64 * 1024;

/** Where a scratch file is made and from when on it is a file at all. */
export interface ScratchFileOptions {
  /** An existing folder. Default: the system's folder for temporary files. */
  readonly dir?: string | undefined;
  /** Up to this many bytes stay in memory and no file is made. Default 256 KiB. */
  readonly memoryBytes?: number | undefined;
}

/**
 * Bytes that are appended, read back at any place, and forgotten. The file loses its name as soon as it is open, so that
 * it vanishes with the process however that ends; where the system does not allow this, `close` removes it.
 *
 * Reads and writes are synchronous: they go to the page cache in large pieces, and an `await` an object would cost more.
 *
 * Errors: `GM_SYSTEM` when the file cannot be made, written or read; the message says so when the disk is full.
 */
export class ScratchFile {
  readonly #dir: string;
  #fd: number | undefined;
  /** Set when the file could not be unlinked while open. */
  #leftPath: string | undefined;
  /** Bytes from `#written` on that are not in the file yet. */
  #buffer: Buffer;
  #buffered = 0;
  #memoryBytes: number;
  #written = 0;
  #window: Buffer = Buffer.alloc(0);
  #windowStart = 0;
  #closed = false;

  constructor(options: ScratchFileOptions = {}) {
    this.#dir = options.dir ?? tmpdir();
    this.#memoryBytes = options.memoryBytes ?? writeBufferBytes;
    this.#buffer = Buffer.allocUnsafe(Math.min(this.#memoryBytes, writeBufferBytes));
  }

  /** Bytes appended so far. */
  get size(): number {
    return this.#written + this.#buffered;
  }

  /** Appends a copy of `bytes`. */
  append(bytes: Uint8Array): void {
    if (this.#closed) throw new GitMirrorError('GM_INTERNAL', 'Writing a temporary file: it is closed.');
    if (this.#buffered + bytes.length > this.#buffer.length) this.#makeRoom(bytes.length);
    if (bytes.length > this.#buffer.length) {
      this.#write(bytes);
      return;
    }
    this.#buffer.set(bytes, this.#buffered);
    this.#buffered += bytes.length;
  }

  /** `length` bytes from `offset` on, all of which must have been appended. Borrowed until the next call. */
  read(offset: number, length: number): Uint8Array {
    if (offset < 0 || offset + length > this.size) {
      throw new GitMirrorError('GM_INTERNAL', 'Reading a temporary file: that is outside of it.');
    }
    if (offset >= this.#written) {
      return this.#buffer.subarray(offset - this.#written, offset - this.#written + length);
    }
    if (offset + length > this.#written) {
      const joined = Buffer.allocUnsafe(length);
      this.#pread(joined, offset, this.#written - offset);
      this.#buffer.copy(joined, this.#written - offset, 0, offset + length - this.#written);
      return joined;
    }
    const inWindow = offset >= this.#windowStart && offset + length <= this.#windowStart + this.#window.length;
    if (!inWindow) {
      if (length > readWindowBytes) {
        const large = Buffer.allocUnsafe(length);
        this.#pread(large, offset, length);
        return large;
      }
      const end = Math.min(this.#written, offset + readWindowBytes);
      const room = Buffer.from(this.#window.buffer, this.#window.byteOffset, this.#window.length);
      this.#window =
        room.length >= end - offset ? room.subarray(0, end - offset) : Buffer.allocUnsafeSlow(end - offset);
      // Nothing is in the window should the read fail.
      this.#windowStart = Infinity;
      this.#pread(this.#window, offset, end - offset);
      this.#windowStart = offset;
    }
    return this.#window.subarray(offset - this.#windowStart, offset - this.#windowStart + length);
  }

  /** Forgets what is at `size` and behind; the next `append` goes there. */
  truncate(size: number): void {
    if (size >= this.#written) {
      this.#buffered = Math.min(this.#buffered, size - this.#written);
      return;
    }
    this.#written = size;
    this.#buffered = 0;
    this.#windowStart = Infinity;
  }

  /** Drops the bytes and the file. Safe to call twice; never throws. */
  close(): void {
    this.#closed = true;
    this.#buffer = Buffer.alloc(0);
    this.#window = Buffer.alloc(0);
    this.#written = 0;
    this.#buffered = 0;
    try {
      if (this.#fd !== undefined) closeSync(this.#fd);
      if (this.#leftPath !== undefined) rmSync(this.#leftPath, { force: true });
    } catch {
      // Nothing is left that could be done about it, and whoever closes has no use for it.
    }
    this.#fd = undefined;
    this.#leftPath = undefined;
  }

  #makeRoom(length: number): void {
    const needed = this.#buffered + length;
    if (this.#fd === undefined && needed <= this.#memoryBytes) {
      const larger = Buffer.allocUnsafe(Math.min(this.#memoryBytes, Math.max(needed, this.#buffer.length * 2)));
      this.#buffer.copy(larger, 0, 0, this.#buffered);
      this.#buffer = larger;
      return;
    }
    const full = this.#buffer.subarray(0, this.#buffered);
    this.#buffered = 0;
    this.#write(full);
    if (this.#buffer.length !== writeBufferBytes) this.#buffer = Buffer.allocUnsafe(writeBufferBytes);
  }

  #write(bytes: Uint8Array): void {
    const fd = this.#open();
    try {
      for (let done = 0; done < bytes.length;) {
        const written = writeSync(fd, bytes, done, bytes.length - done, this.#written);
        done += written;
        this.#written += written;
      }
    } catch (error) {
      throw this.#failure('Writing', error);
    }
  }

  #open(): number {
    if (this.#fd !== undefined) return this.#fd;
    const path = join(this.#dir, `git-mirror-${randomBytes(9).toString('hex')}.tmp`);
    try {
      this.#fd = openSync(path, 'wx+', 0o600);
    } catch (error) {
      throw this.#failure('Making', error);
    }
    try {
      unlinkSync(path);
    } catch {
      this.#leftPath = path;
    }
    return this.#fd;
  }

  #pread(target: Buffer, offset: number, length: number): void {
    const fd = this.#open();
    try {
      for (let done = 0; done < length;) {
        const read = readSync(fd, target, done, length - done, offset + done);
        if (read === 0) throw new Error('it is shorter than it was');
        done += read;
      }
    } catch (error) {
      throw this.#failure('Reading', error);
    }
  }

  #failure(action: string, cause: unknown): GitMirrorError {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    const isFull = code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG';
    const problem = isFull ? 'no space left; free some, or name another folder' : messageOf(cause);
    return new GitMirrorError('GM_SYSTEM', `${action} a temporary file in ${this.#dir}: ${problem}.`, {
      cause,
      details: { dir: this.#dir, systemCode: code },
    });
  }
}
