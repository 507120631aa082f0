import { isGitMirrorError } from '../../core/error.ts';
import type { BitmapFile } from '../../pack/bitmap-file.ts';
import { noNumber } from '../database-pack.ts';
import type { ObjectNumber } from '../object-number.ts';
import type { ReachabilityBitmaps } from '../reachability-bitmaps.ts';

/** What connects bits with object numbers. */
export interface BitmapNumbering {
  /** Index of the pack among the database's packs, when the bitmaps are those of one; else -1. */
  readonly pack: number;
  /** Number of each bit's object, `noNumber` where it has none. */
  readonly numbers: Uint32Array;
  /** Position of each bit's object among the sorted names of the pack or multi-pack-index. */
  readonly positions: Uint32Array;
  /** Number of the object at a position among the sorted names of the pack or multi-pack-index. */
  readonly numberAtPosition: (position: number) => ObjectNumber;
  /** All numbers are below this. */
  readonly numberLimit: number;
}

/** The bitmaps in one file. */
export class FileBitmaps implements ReachabilityBitmaps {
  readonly pack: number;
  readonly #file: BitmapFile;
  readonly #numbers: Uint32Array;
  readonly #bits: Int32Array;
  readonly #positions: Uint32Array;
  /** Position of each commit that has a bitmap, by number. */
  readonly #commitPositions = new Map<ObjectNumber, number>();
  #isDamaged = false;

  constructor(file: BitmapFile, numbering: BitmapNumbering) {
    this.#file = file;
    this.pack = numbering.pack;
    this.#numbers = numbering.numbers;
    this.#positions = numbering.positions;
    this.#bits = new Int32Array(numbering.numberLimit).fill(-1);
    // What has no number is written past the end, which does nothing.
    for (let bit = 0; bit < numbering.numbers.length; bit++) this.#bits[numbering.numbers[bit] ?? noNumber] = bit;
    for (const position of file.positions) this.#commitPositions.set(numbering.numberAtPosition(position), position);
  }

  get bitCount(): number {
    return this.#file.bitCount;
  }

  get wordCount(): number {
    return this.#file.wordCount;
  }

  get commits(): Uint32Array {
    return this.#file.commits;
  }

  get trees(): Uint32Array {
    return this.#file.trees;
  }

  get blobs(): Uint32Array {
    return this.#file.blobs;
  }

  get tags(): Uint32Array {
    return this.#file.tags;
  }

  numberOfBit(bit: number): ObjectNumber {
    const number = this.#numbers[bit] ?? noNumber;
    return number === noNumber ? -1 : number;
  }

  bitOfNumber(number: ObjectNumber): number {
    return this.#bits[number] ?? -1;
  }

  addReachable(commit: ObjectNumber, into: Uint32Array): boolean {
    const position = this.#commitPositions.get(commit);
    if (position === undefined || this.#isDamaged) return false;
    let bits: Uint32Array | undefined;
    try {
      bits = this.#file.reachableFrom(position);
    } catch (error) {
      // The objects themselves tell the same, only more slowly.
      if (!isGitMirrorError(error, 'GM_CORRUPT')) throw error;
      this.#isDamaged = true;
    }
    if (bits === undefined) return false;
    for (let word = 0; word < bits.length; word++) into[word] = (into[word] ?? 0) | (bits[word] ?? 0);
    return true;
  }

  nameHash(bit: number): number | undefined {
    const position = this.#positions[bit];
    return position === undefined ? undefined : this.#file.nameHash(position);
  }

  close(): void {
    this.#file.file.close();
  }
}
