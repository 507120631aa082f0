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
   * Reads a tree and finds its rows; returns how many there are. Of a tree that is stored as a delta on one with all of
   * `baseMask`, only what differs is looked at: the rest must have been dealt with.
   *
   * @param parentHash - name hash of the tree's path with a slash behind it; 0 for a root
   * @throws GitMirrorError `GM_CORRUPT` when it is missing, damaged or no tree.
   */
  scan(tree: ObjectNumber, parentHash: number, baseMask = 0): number {
    if (!this.#database.has(tree)) throw this.#bad(tree);
    const count = baseMask === 0 ? -1 : this.#scanDelta(tree, parentHash, baseMask);
    return count >= 0 ? count : this.#scanWhole(tree, parentHash);
  }

  #scanWhole(tree: ObjectNumber, parentHash: number): number {
    const { address, size, type } = this.#database.read(tree);
    if (type !== 'tree') throw this.#bad(tree);
    this.#use(address, size);
    return this.#checked(tree, this.#database.kernel.scanTree(address, size, parentHash, this.#rows));
  }

  /** -1 when the tree is stored otherwise. */
  #scanDelta(tree: ObjectNumber, parentHash: number, baseMask: number): number {
    const { kernel } = this.#database;
    const content = this.#database.readDelta(tree);
    if (content === undefined) return -1;
    if (content.type !== 'tree') throw this.#bad(tree);
    const { address, size, baseNumber } = content;
    this.#use(address, size);
    const isAfter = baseNumber >= 0 && (this.#marks.get(baseNumber) & baseMask) === baseMask;
    if (!isAfter) return this.#checked(tree, kernel.scanTree(address, size, parentHash, this.#rows));
    const { baseAddress, baseSize, deltaAddress, deltaSize } = content;
    return this.#checked(
      tree,
      kernel.scanTreeDelta(baseAddress, baseSize, deltaAddress, deltaSize, address, size, parentHash, this.#rows),
    );
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

  /** The name in a row of the tree that was scanned last, its bytes as latin1. `where` is word 1 of the row. */
  nameAt(where: number): string {
    const { bytes } = this.#database.kernel.memory;
    let start = this.#tree + (where >>> 1);
    while (bytes[start] !== space) start++;
    let end = ++start;
    while (bytes[end] !== 0) end++;
    return Buffer.from(bytes.buffer, start, end - start).toString('latin1');
  }

  release(): void {
    this.#database.kernel.memory.release(this.#rows);
  }

  #use(address: number, size: number): void {
    this.#tree = address;
    this.size = size;
    const { memory } = this.#database.kernel;
    const needed = Math.ceil(size / (this.#database.rawLength + 3)) * treeRowWords * 4;
    if (needed <= this.#rowBytes) return;
    memory.release(this.#rows);
    this.#rows = memory.allocate(needed);
    this.#rowBytes = needed;
  }

  #checked(tree: ObjectNumber, count: number): number {
    if (count < 0) throw this.#bad(tree, count);
    return count;
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

/** The name hash of a folder's path with a slash behind it, which is what its entries' hashes begin with. */
export function folderHash(nameHash: number): number {
  return ((nameHash >>> 2) + 0x2f00_0000) >>> 0;
}
