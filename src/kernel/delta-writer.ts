import { maxCopyBytes, maxLiteralBytes } from './delta-index.ts';

/** Writes the instructions of a delta (gitformat-pack, "Deltified representation") into a room of fixed size. */
export class DeltaWriter {
  /** Where the next byte goes. */
  at: number;
  /** Set once something did not fit; nothing is written from then on. */
  isFull = false;
  readonly #bytes: Uint8Array;
  readonly #end: number;

  constructor(bytes: Uint8Array, at: number, end: number) {
    this.#bytes = bytes;
    this.at = at;
    this.#end = end;
  }

  /** Bytes that are left. */
  get room(): number {
    return this.#end - this.at;
  }

  /** One of the two sizes at the beginning. */
  size(size: number): void {
    let rest = size;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.#byte((rest & 0x7f) | 0x80);
    this.#byte(rest);
  }

  /** The bytes from `from` to `to`, as they are. */
  literals(from: number, to: number): void {
    for (let at = from; at < to; at += maxLiteralBytes) {
      const length = Math.min(maxLiteralBytes, to - at);
      if (this.isFull || length + 1 > this.room) {
        this.isFull = true;
        return;
      }
      this.#byte(length);
      this.#bytes.copyWithin(this.at, at, at + length);
      this.at += length;
    }
  }

  /** Copies of `length` bytes at `offset` of the source. */
  copies(offset: number, length: number): void {
    const end = offset + length;
    for (let from = offset; from < end; from += maxCopyBytes) this.#copy(from, Math.min(maxCopyBytes, end - from));
  }

  #copy(offset: number, length: number): void {
    const instructionAt = this.at;
    let instruction = 0x80;
    this.#byte(instruction);
    for (let part = 0, rest = offset; part < 4; part++, rest >>>= 8) {
      if ((rest & 0xff) === 0) continue;
      instruction |= 1 << part;
      this.#byte(rest & 0xff);
    }
    // All sizes but 65536, which is said by leaving it out, have two bytes at most.
    for (let part = 0, rest = length & 0xffff; part < 2; part++, rest >>>= 8) {
      if ((rest & 0xff) === 0) continue;
      instruction |= 16 << part;
      this.#byte(rest & 0xff);
    }
    if (!this.isFull) this.#bytes[instructionAt] = instruction;
  }

  #byte(byte: number): void {
    if (this.at >= this.#end) this.isFull = true;
    else this.#bytes[this.at++] = byte;
  }
}
