const largeFlag = 0x8000_0000;

/** Where the entries of a pack begin, as index files store it: 31 bits each, and a table of 64-bit ones beside them. */
export class PackOffsets {
  readonly #words: Uint32Array;
  readonly #large: Float64Array;

  /** @param words - offsets below 2 GiB, or 2³¹ plus an index into `large`. */
  constructor(words: Uint32Array, large: Float64Array) {
    this.#words = words;
    this.#large = large;
  }

  get count(): number {
    return this.#words.length;
  }

  /** Offset of the entry at `position`; -1 when the file is damaged there. */
  at(position: number): number {
    const word = this.#words[position] ?? largeFlag;
    return word < largeFlag ? word : (this.#large[word - largeFlag] ?? -1);
  }
}

/** Turns big-endian words into native ones, in place. */
export function wordsFromBigEndian(bytes: Uint8Array): void {
  if (isLittleEndian) Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).swap32();
}

/** Big-endian 64-bit numbers. What is above 2⁵³ is no offset of any file, and comes out as -1. */
export function decodeLargeOffsets(bytes: Uint8Array): Float64Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const offsets = new Float64Array(bytes.length / 8);
  for (let index = 0; index < offsets.length; index++) {
    const high = view.getUint32(index * 8);
    offsets[index] = high < 2 ** 21 ? high * 2 ** 32 + view.getUint32(index * 8 + 4) : -1;
  }
  return offsets;
}

const isLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
