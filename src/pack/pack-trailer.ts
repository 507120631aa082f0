import { createHash } from 'node:crypto';
import { equalBytes } from '../core/bytes.ts';
import { rawLength, type ObjectFormat } from '../core/object-id.ts';

/**
 * Hashes a pack while it passes and compares the hash with the trailer, without knowing beforehand where the pack ends:
 * the last `rawLength(format)` bytes seen so far are held back from the hash.
 */
export class PackTrailerVerifier {
  readonly #hash;
  readonly #rawLength: number;
  #tail: Uint8Array;
  #tailLength = 0;

  constructor(format: ObjectFormat) {
    this.#hash = createHash(format);
    this.#rawLength = rawLength(format);
    this.#tail = new Uint8Array(this.#rawLength);
  }

  /** Takes the next bytes; they are not kept. */
  push(chunk: Uint8Array): void {
    const keep = this.#rawLength;
    if (chunk.length >= keep) {
      if (this.#tailLength > 0) this.#hash.update(this.#tail.subarray(0, this.#tailLength));
      if (chunk.length > keep) this.#hash.update(chunk.subarray(0, chunk.length - keep));
      this.#tail = new Uint8Array(chunk.subarray(chunk.length - keep));
      this.#tailLength = keep;
      return;
    }
    const joined = new Uint8Array(this.#tailLength + chunk.length);
    joined.set(this.#tail.subarray(0, this.#tailLength));
    joined.set(chunk, this.#tailLength);
    const out = Math.max(0, joined.length - keep);
    if (out > 0) this.#hash.update(joined.subarray(0, out));
    this.#tail = new Uint8Array(keep);
    this.#tail.set(joined.subarray(out));
    this.#tailLength = joined.length - out;
  }

  /** Ends the hash: whether the last bytes are the hash of all bytes before them. Call it once. */
  finish(): boolean {
    return this.#tailLength === this.#rawLength && equalBytes(this.#hash.digest(), this.#tail);
  }
}
