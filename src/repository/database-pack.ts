import { basename } from 'node:path';
import { GitMirrorError } from '../core/error.ts';
import type { ObjectFormat } from '../core/object-id.ts';
import { PackFile } from '../pack/pack-file.ts';
import type { PackOffsets } from '../pack/pack-offsets.ts';
import type { ReadablePack } from '../pack/packed-object-reader.ts';
import { ReadFile } from '../pack/read-file.ts';
import { ReverseIndex } from '../pack/reverse-index.ts';
import type { StoredPack } from './object-database.ts';
import type { ObjectNumber } from './object-number.ts';

/** What a pack's own index says: where the entries are, and the numbers that their names have in the database. */
export interface PackNumbers {
  readonly offsets: PackOffsets;
  /** By position in the index; undefined when the number is the position. */
  readonly numbers: Uint32Array | undefined;
}

/** In place of a number in {@link PackNumbers}. */
export const noNumber = 0xffff_ffff;

/** What the index file says of the pack as a whole. */
export interface PackIdentity {
  readonly objectCount: number;
  readonly packChecksum: Uint8Array;
}

/** A pack of a database. Its file is opened on first use, or by `open`, and stays so. */
export class DatabasePack implements StoredPack, ReadablePack {
  readonly path: string;
  readonly indexPath: string;
  readonly #format: ObjectFormat;
  readonly #identity: PackIdentity | undefined;
  readonly #readNumbers: (pack: DatabasePack) => PackNumbers;
  #file: PackFile | undefined;
  #indexFile: ReadFile | undefined;
  #packNumbers: PackNumbers | undefined;
  #reverse: ReverseIndex | undefined;
  /** Numbers of the objects in pack order. */
  #numbers: Uint32Array = new Uint32Array(0);

  /**
   * @param identity - undefined when the index has not been read: then its file is opened with the pack's, so that it is
   * there when the order of the entries is asked for.
   * @param readNumbers - called once, when that order is first asked for.
   */
  constructor(
    listed: { readonly path: string; readonly indexPath: string },
    format: ObjectFormat,
    identity: PackIdentity | undefined,
    readNumbers: (pack: DatabasePack) => PackNumbers,
  ) {
    this.path = listed.path;
    this.indexPath = listed.indexPath;
    this.#format = format;
    this.#identity = identity;
    this.#readNumbers = readNumbers;
  }

  /** False when the file is gone. @throws GitMirrorError `GM_CORRUPT` when it is not the pack of its index. */
  open(): boolean {
    if (this.#file !== undefined) return true;
    if (this.#identity === undefined) {
      this.#indexFile ??= ReadFile.open(this.indexPath);
      if (this.#indexFile === undefined) return false;
    }
    this.#file = PackFile.open(this.path, this.#format, this.#identity);
    return this.isOpen;
  }

  get isOpen(): boolean {
    return this.#file !== undefined;
  }

  get file(): PackFile {
    if (this.#file === undefined) this.open();
    if (this.#file !== undefined) return this.#file;
    throw new GitMirrorError('GM_NOT_FOUND', `Reading ${basename(this.path)}: the pack is gone.`);
  }

  /** The index, where it is read only now. */
  get indexFile(): ReadFile {
    if (this.#indexFile === undefined) this.open();
    if (this.#indexFile !== undefined) return this.#indexFile;
    throw new GitMirrorError('GM_NOT_FOUND', `Reading ${basename(this.indexPath)}: the index is gone.`);
  }

  get objectCount(): number {
    return this.#identity?.objectCount ?? this.file.objectCount;
  }

  get size(): number {
    return this.file.file.size;
  }

  get version(): number {
    return this.file.version;
  }

  read(offset: number, target: Uint8Array, at: number, length: number): void {
    this.file.file.read(offset, target, at, length);
  }

  numberAtOffset(offset: number): ObjectNumber {
    const rank = this.reverse.rankOf(offset);
    return rank < 0 ? -1 : this.numberAtRank(rank);
  }

  nextOffset(offset: number): number {
    const rank = this.reverse.rankOf(offset);
    return rank < 0 ? -1 : (this.reverse.offsets[rank + 1] ?? -1);
  }

  /** Number of the object that comes `rank`-th in the pack; -1 when no name is known for it. */
  numberAtRank(rank: number): ObjectNumber {
    if (rank >= this.reverse.count) return -1;
    const number = this.#numbers[rank] ?? noNumber;
    return number === noNumber ? -1 : number;
  }

  /** Where the entry of the object with this number begins, or -1. Searched for: meant for when something is wrong. */
  offsetOfNumber(number: ObjectNumber): number {
    const { offsets, numbers } = this.#known;
    const position = numbers === undefined ? number : numbers.indexOf(number);
    return position < 0 || position >= offsets.count ? -1 : offsets.at(position);
  }

  /** Numbers of all objects in pack order, {@link noNumber} where no name is known. Not to be written to. */
  get numbersInOrder(): Uint32Array {
    // Makes the order, if it was not there.
    return this.reverse.count === 0 ? new Uint32Array(0) : this.#numbers;
  }

  /** Trailer of the pack. */
  get checksum(): Uint8Array {
    return this.#identity?.packChecksum ?? this.file.readTrailer();
  }

  /** Number of the object at a position among the sorted names of the pack's own index. */
  numberAtPosition(position: number): ObjectNumber {
    const { numbers } = this.#known;
    const number = numbers === undefined ? position : (numbers[position] ?? noNumber);
    return number === noNumber ? -1 : number;
  }

  /** The order of the entries. */
  get reverse(): ReverseIndex {
    if (this.#reverse !== undefined) return this.#reverse;
    const { offsets, numbers } = this.#known;
    const reverse = new ReverseIndex(offsets, this.file.end);
    this.#numbers = numbers === undefined ? reverse.positions : reverse.positions.map((at) => numbers[at] ?? noNumber);
    this.#reverse = reverse;
    return reverse;
  }

  get #known(): PackNumbers {
    this.#packNumbers ??= this.#readNumbers(this);
    return this.#packNumbers;
  }

  /** Closes the files. Returns the pack's it, for caches to forget; undefined when it was not open. */
  close(): PackFile | undefined {
    const file = this.#file;
    file?.close();
    this.#indexFile?.close();
    this.#indexFile = undefined;
    this.#file = undefined;
    return file;
  }
}
