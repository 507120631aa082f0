import { createHash, type Hash } from 'node:crypto';

/**
 * Reads the answer to a fetch as it comes: takes the pack out of its sideband, and checks that it ends as it should. What
 * it has read is not kept.
 */
export class PackCheck {
  readonly #hash: Hash;
  readonly #trailerBytes: number;
  #tail = Buffer.alloc(0);
  #head = Buffer.alloc(0);
  #left = 0;
  #band = -1;
  #hasPack = false;
  packBytes = 0;

  constructor(format: 'sha1' | 'sha256') {
    this.#hash = createHash(format);
    this.#trailerBytes = format === 'sha1' ? 20 : 32;
  }

  /** Whether bytes of a pack have come. */
  get hasPack(): boolean {
    return this.#hasPack;
  }

  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#left > 0) {
        const part = chunk.subarray(at, at + this.#left);
        at += part.length;
        this.#left -= part.length;
        this.#content(part);
        continue;
      }
      const need = 4 - this.#head.length;
      this.#head = Buffer.concat([this.#head, chunk.subarray(at, at + need)]);
      at += need;
      if (this.#head.length < 4) return;
      const length = Number.parseInt(this.#head.toString('latin1'), 16);
      if (Number.isNaN(length) || length === 3) throw new Error('the answer is not made of packets');
      this.#head = Buffer.alloc(0);
      this.#left = Math.max(0, length - 4);
      this.#band = -1;
    }
  }

  /** Throws unless a whole pack has come, if any. */
  finish(): void {
    if (!this.#hasPack) return;
    if (!this.#hash.digest().equals(this.#tail)) throw new Error('the pack does not end with its checksum');
  }

  #content(part: Buffer): void {
    let payload = part;
    if (this.#band < 0) {
      this.#band = part[0] ?? 0;
      payload = part.subarray(1);
      // Lines in front of the pack are text; with no sideband-all asked for, this band is the pack's alone.
      if (this.#band === 1) this.#hasPack = true;
      if (this.#band === 3) throw new Error(`the server says: ${payload.toString('utf8')}`);
    }
    if (this.#band !== 1 || payload.length === 0) return;
    this.packBytes += payload.length;
    if (payload.length >= this.#trailerBytes) {
      this.#hash.update(this.#tail);
      this.#hash.update(payload.subarray(0, payload.length - this.#trailerBytes));
      this.#tail = Buffer.from(payload.subarray(payload.length - this.#trailerBytes));
      return;
    }
    const joined = Buffer.concat([this.#tail, payload]);
    const cut = Math.max(0, joined.length - this.#trailerBytes);
    this.#hash.update(joined.subarray(0, cut));
    this.#tail = joined.subarray(cut);
  }
}
