import { GitMirrorError } from '../core/error.ts';
import { kernelStatus, treeRowWords, unknownNumber } from '../kernel/kernel.ts';
import type { ObjectDatabase } from '../repository/object-database.ts';
import type { ObjectNumber } from '../repository/object-number.ts';
import type { ObjectMarks } from './object-marks.ts';

/** Which entries of trees are wanted, as in `TreeScan`. */
export interface RowSettings {
  readonly skipMask: number;
  readonly setMask: number;
  readonly withBlobs: boolean;
}

const minRowBytes = 64 * 1024;
const space = 0x20;

/**
 * The entries of one tree at a time, through `Kernel.scanTree`. After `scan` the rows can be asked for until the next
 * read from the database. Submodules are left out.
 */
export class TreeRows {
  readonly #database: ObjectDatabase;
  readonly #marks: ObjectMarks;
  #rows: number;
  #rowBytes = minRowBytes;
  #tree = 0;
  #settings: RowSettings = { skipMask: 0, setMask: 0, withBlobs: true };
  /** Bytes of the tree that was scanned last. */
  size = 0;

  /** Takes kernel memory for the rows, until `release`. */
  constructor(database: ObjectDatabase, marks: ObjectMarks) {
    this.#database = database;
    this.#marks = marks;
    this.#rows = database.kernel.memory.allocate(minRowBytes);
  }

  /** Must be called again after anything else may have used the kernel: after every pause. */
  prepare(settings: RowSettings = this.#settings): void {
    this.#settings = settings;
    const { rawLength, tables, kernel } = this.#database;
    kernel.prepareScan({ rawLength, tables, marks: this.#marks.address, ...settings });
  }

  /**
   * Reads a tree and finds its rows; returns how many there are.
   *
   * @param parentHash - name hash of the tree's path with a slash behind it; 0 for a root
   * @throws GitMirrorError `GM_CORRUPT` when it is missing, damaged or no tree.
   */
  scan(tree: ObjectNumber, parentHash: number): number {
    const { kernel } = this.#database;
    if (!this.#database.has(tree)) throw this.#bad(tree);
    const content = this.#database.read(tree);
    if (content.type !== 'tree') throw this.#bad(tree);
    const { address, size } = content;
    this.#reserveRows(size);
    this.#tree = address;
    this.size = size;
    const count = kernel.scanTree(address, size, parentHash, this.#rows);
    if (count < 0) throw this.#bad(tree, count);
    return count;
  }

  /**
   * The same; of a tree that is stored as a delta on one with the mark `scannedMark`, all of whose entries were reported
   * before, only what differs is looked up. The set mask must have a bit of the skip mask.
   */
  scanAfter(tree: ObjectNumber, parentHash: number, scannedMark: number): number {
    const { kernel } = this.#database;
    const content = this.#database.has(tree) ? this.#database.readDelta(tree) : undefined;
    if (content === undefined) return this.scan(tree, parentHash);
    if (content.type !== 'tree') throw this.#bad(tree);
    const { address, size, baseNumber } = content;
    this.#reserveRows(size);
    this.#tree = address;
    this.size = size;
    const count =
      baseNumber >= 0 && this.#marks.has(baseNumber, scannedMark)
        ? kernel.scanTreeDelta(
            content.baseAddress,
            content.baseSize,
            content.deltaAddress,
            content.deltaSize,
            address,
            size,
            parentHash,
            this.#rows,
          )
        : kernel.scanTree(address, size, parentHash, this.#rows);
    if (count < 0) throw this.#bad(tree, count);
    return count;
  }

  /**
   * Copies the rows of the tree that was scanned last. Objects that are in no table get numbers here, and are left out
   * when their marks share a bit with the skip mask; the bits to set are set on them.
   */
  copy(count: number): Uint32Array {
    const { words } = this.#database.kernel.memory;
    const start = this.#rows / 4;
    const rows = words.slice(start, start + count * treeRowWords);
    let kept = 0;
    for (let at = 0; at < rows.length; at += treeRowWords) {
      let number = rows[at] ?? 0;
      if (number === unknownNumber) {
        number = this.#numberOfEntry((rows[at + 1] ?? 0) >>> 1);
        if (this.#marks.has(number, this.#settings.skipMask)) continue;
        this.#marks.set(number, this.#settings.setMask);
      }
      rows[kept] = number;
      rows[kept + 1] = rows[at + 1] ?? 0;
      rows[kept + 2] = rows[at + 2] ?? 0;
      kept += treeRowWords;
    }
    return kept === rows.length ? rows : rows.subarray(0, kept);
  }

  /** Content of the tree that was scanned last, freshly allocated. */
  copyContent(): Uint8Array {
    return this.#database.kernel.memory.bytes.slice(this.#tree, this.#tree + this.size);
  }

  release(): void {
    this.#database.kernel.memory.release(this.#rows);
  }

  #reserveRows(treeSize: number): void {
    const { memory } = this.#database.kernel;
    const needed = Math.ceil(treeSize / (this.#database.rawLength + 3)) * treeRowWords * 4;
    if (needed <= this.#rowBytes) return;
    memory.release(this.#rows);
    this.#rows = memory.allocate(needed);
    this.#rowBytes = needed;
  }

  #numberOfEntry(offset: number): ObjectNumber {
    const { bytes } = this.#database.kernel.memory;
    let at = this.#tree + offset;
    while (bytes[at] !== 0) at++;
    return this.#database.numberFor(at + 1);
  }

  #bad(tree: ObjectNumber, status: number = kernelStatus.corrupt): GitMirrorError {
    const oid = this.#database.oidOf(tree);
    return new GitMirrorError('GM_CORRUPT', `bad tree object ${oid}`, { details: { oid, status } });
  }
}

/** The name in the entry at `offset` of a tree's content, its bytes as latin1. */
export function entryName(content: Uint8Array, offset: number): string {
  const start = content.indexOf(space, offset) + 1;
  const end = content.indexOf(0, start);
  return Buffer.from(content.buffer, content.byteOffset + start, end - start).toString('latin1');
}

/** The name hash of a folder's path with a slash behind it, which is what its entries' hashes begin with. */
export function folderHash(nameHash: number): number {
  return ((nameHash >>> 2) + 0x2f00_0000) >>> 0;
}
