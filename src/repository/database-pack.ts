import { basename } from 'node:path';
import { GitMirrorError } from '../core/error.ts';
import type { ObjectFormat } from '../core/object-id.ts';
import { PackFile } from '../pack/pack-file.ts';
import type { PackOffsets } from '../pack/pack-offsets.ts';
import type { ReadablePack } from '../pack/packed-object-reader.ts';
import { ReverseIndex } from '../pack/reverse-index.ts';
import type { StoredPack } from './object-database.ts';
import type { ObjectNumber } from './object-number.ts';

/** What a pack's own index says: where the entries are, and the numbers that their names have in the database. */
export interface PackNumbers {
  readonly offsets: PackOffsets;
  /** By position in the index; undefined when the number is the position. */
  readonly numbers: Uint32Array | undefined;
}

/** What the index file says of the pack as a whole. */
export interface PackIdentity {
  readonly objectCount: number;
  readonly packChecksum: Uint8Array;
}

/** A pack of a database. Its file is opened on first use, or by `open`, and stays so. */
export class DatabasePack implements StoredPack, ReadablePack {
  readonly path: string;
  readonly #format: ObjectFormat;
  readonly #identity: PackIdentity | undefined;
  readonly #readNumbers: (pack: DatabasePack) => PackNumbers;
  #file: PackFile | undefined;
  #reverse: ReverseIndex | undefined;
  /** Numbers of the objects in pack order. */
  #numbers: Uint32Array = new Uint32Array(0);

  /**
   * @param identity - undefined when the index has not been read.
   * @param readNumbers - called once, when the order of the entries is first asked for.
   */
  constructor(
    path: string,
    format: ObjectFormat,
    identity: PackIdentity | undefined,
    readNumbers: (pack: DatabasePack) => PackNumbers,
  ) {
    this.path = path;
    this.#format = format;
    this.#identity = identity;
    this.#readNumbers = readNumbers;
  }

  /** False when the file is gone. @throws GitMirrorError `GM_CORRUPT` when it is not the pack of its index. */
  open(): boolean {
    this.#file ??= PackFile.open(this.path, this.#format, this.#identity);
    return this.#file !== undefined;
  }

  get isOpen(): boolean {
    return this.#file !== undefined;
  }

  get file(): PackFile {
    this.#file ??= PackFile.open(this.path, this.#format, this.#identity);
    if (this.#file !== undefined) return this.#file;
    throw new GitMirrorError('GM_NOT_FOUND', `Reading ${basename(this.path)}: the pack is gone.`);
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
    return rank < 0 ? -1 : (this.#numbers[rank] ?? -1);
  }

  nextOffset(offset: number): number {
    const rank = this.reverse.rankOf(offset);
    return rank < 0 ? -1 : (this.reverse.offsets[rank + 1] ?? -1);
  }

  /** Number of the object that comes `rank`-th in the pack. */
  numberAtRank(rank: number): ObjectNumber {
    return rank < this.reverse.count ? (this.#numbers[rank] ?? -1) : -1;
  }

  /** The order of the entries. */
  get reverse(): ReverseIndex {
    if (this.#reverse !== undefined) return this.#reverse;
    const { offsets, numbers } = this.#readNumbers(this);
    const reverse = new ReverseIndex(offsets, this.file.end);
    this.#numbers = numbers === undefined ? reverse.positions : reverse.positions.map((at) => numbers[at] ?? 0);
    this.#reverse = reverse;
    return reverse;
  }

  /** Closes the file. Returns it, for caches to forget; undefined when it was not open. */
  close(): PackFile | undefined {
    const file = this.#file;
    file?.close();
    this.#file = undefined;
    return file;
  }
}
