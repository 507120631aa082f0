/** Reads the numbers of a block from `at` on, and never past `end`. */
export class ReftableCursor {
  readonly #bytes: Buffer;
  readonly #end: number;
  readonly #fail: (problem: string) => Error;
  at: number;

  /** @param fail - makes the error that is thrown when the bytes end too early */
  constructor(bytes: Buffer, start: number, end: number, fail: (problem: string) => Error) {
    this.#bytes = bytes;
    this.#end = end;
    this.#fail = fail;
    this.at = start;
  }

  get isAtEnd(): boolean {
    return this.at >= this.#end;
  }

  /** A number in the variable-length form that offsets of deltas have in packs too (reftable, "varint"). */
  varint(): number {
    let byte = this.#byte();
    let value = byte & 0x7f;
    while ((byte & 0x80) !== 0) {
      byte = this.#byte();
      value = (value + 1) * 128 + (byte & 0x7f);
      // Times of updates may have 64 bits; nobody needs those exactly, and sizes are compared with what there is.
      if (value > 2 ** 64) throw this.#fail('a number has more than 64 bits');
    }
    return value;
  }

  /** Where the next `length` bytes begin, which are then skipped. */
  take(length: number): number {
    const start = this.at;
    if (length > this.#end - start) throw this.#fail('a record goes beyond its block');
    this.at += length;
    return start;
  }

  #byte(): number {
    return this.#bytes[this.take(1)] ?? 0;
  }
}
