import type { StoredPack } from '../repository/object-database.ts';

const leastBytes = 16 * 1024;
const mostBytes = 256 * 1024;

/**
 * Reads a pack for someone who mostly goes forward in small steps: takes in more than was asked for, and the more the
 * longer that goes well. What is large goes straight to its target.
 */
export class ReadAhead {
  readonly #pack: StoredPack;
  #window: Uint8Array = new Uint8Array(0);
  #start = 0;
  #end = 0;
  #bytes = leastBytes;

  constructor(pack: StoredPack) {
    this.#pack = pack;
  }

  /** Reads `length` bytes at `offset` into `target` at `at`. @throws GitMirrorError as `StoredPack.read` does. */
  read(offset: number, target: Uint8Array, at: number, length: number): void {
    if (offset >= this.#start && offset + length <= this.#end) {
      target.set(this.#window.subarray(offset - this.#start, offset - this.#start + length), at);
      return;
    }
    if (length >= leastBytes) {
      this.#pack.read(offset, target, at, length);
      return;
    }
    const isNear = offset >= this.#start && offset <= this.#end + this.#bytes;
    this.#bytes = isNear ? Math.min(mostBytes, this.#bytes * 2) : leastBytes;
    const taken = Math.min(this.#bytes, this.#pack.size - offset);
    if (taken < length) {
      // Past the end: the pack says so in its own words.
      this.#pack.read(offset, target, at, length);
      return;
    }
    if (this.#window.length < taken) this.#window = new Uint8Array(this.#bytes);
    this.#end = this.#start;
    this.#pack.read(offset, this.#window, 0, taken);
    this.#start = offset;
    this.#end = offset + taken;
    target.set(this.#window.subarray(0, length), at);
  }
}
