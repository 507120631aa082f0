import { createHash, type Hash } from 'node:crypto';
import type { ByteSink } from '../core/byte-sink.ts';
import type { ObjectFormat } from '../core/object-id.ts';
import type { StoredPack } from '../repository/object-database.ts';

/** Bytes that are hashed and handed on at a time. */
const bufferBytes = 256 * 1024;

/**
 * The pack as it is written: collects pieces, hashes everything, and hands it on in large ones. While there is a backlog
 * nothing more may be written: whoever writes takes it after each piece, and waits for it.
 */
export class PackOutput {
  readonly #sink: ByteSink;
  readonly #hash: Hash;
  readonly #buffer = new Uint8Array(bufferBytes);
  #filled = 0;
  #passedOn = 0;
  #backlog: Promise<void> | undefined;

  constructor(sink: ByteSink, format: ObjectFormat) {
    this.#sink = sink;
    this.#hash = createHash(format);
  }

  /** Bytes written so far. */
  get position(): number {
    return this.#passedOn + this.#filled;
  }

  /** What has to be waited for before more is written, given out once; undefined while there is room. */
  takeBacklog(): Promise<void> | undefined {
    const backlog = this.#backlog;
    this.#backlog = undefined;
    return backlog;
  }

  /** Sees to it that `length` bytes go in without handing anything on in between. May leave a backlog. */
  makeRoom(length: number): void {
    if (bufferBytes - this.#filled < length) this.flush();
  }

  /** Writes the first `length` of `bytes`, for which there is room. */
  writeSmall(bytes: Uint8Array, length: number): void {
    const at = this.#filled;
    for (let index = 0; index < length; index++) this.#buffer[at + index] = bytes[index] ?? 0;
    this.#filled += length;
  }

  /** Copies up to `length` bytes out of a pack, as far as there is room, and returns how many. May leave a backlog. */
  copyFrom(source: Pick<StoredPack, 'read'>, offset: number, length: number): number {
    const part = Math.min(length, bufferBytes - this.#filled);
    source.read(offset, this.#buffer, this.#filled, part);
    this.#filled += part;
    if (this.#filled === bufferBytes) this.flush();
    return part;
  }

  /** Writes `bytes` from `at` on, as far as there is room, and returns how many. May leave a backlog. */
  write(bytes: Uint8Array, at: number): number {
    const part = Math.min(bytes.length - at, bufferBytes - this.#filled);
    this.#buffer.set(part === bytes.length ? bytes : bytes.subarray(at, at + part), this.#filled);
    this.#filled += part;
    if (this.#filled === bufferBytes) this.flush();
    return part;
  }

  /** Hands on what has been collected. May leave a backlog. */
  flush(): void {
    if (this.#filled === 0) return;
    const bytes = this.#buffer.subarray(0, this.#filled);
    this.#hash.update(bytes);
    this.#backlog = this.#sink.write(bytes);
    this.#passedOn += this.#filled;
    this.#filled = 0;
  }

  /** Ends the pack: writes the hash of everything before it. Returns the size of the pack. */
  async finish(): Promise<number> {
    this.flush();
    await this.takeBacklog();
    const trailer = this.#hash.digest();
    await this.#sink.write(trailer);
    return this.#passedOn + trailer.length;
  }
}
