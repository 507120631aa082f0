import type { KernelMemory } from './kernel-memory.ts';
import { kernelStatus, treeRowWords, unknownNumber, type TreeScan } from './kernel.ts';
import { findName } from './plain-find-name.ts';

const typeMask = 0o170000;
const treeType = 0o040000;
const fileType = 0o100000;
const linkType = 0o120000;
/** How much of the base may be walked over again, in times its size, when copies come from anywhere in it. */
const maxWalks = 4;

/** Reads trees: `Kernel.scanTree` and `Kernel.scanTreeDelta` without WebAssembly. */
export class PlainTreeScan {
  readonly #memory: KernelMemory;
  #scan: TreeScan = { rawLength: 20, tables: [], marks: 0, skipMask: 0, setMask: 0, withBlobs: false };
  #bytes: Uint8Array = new Uint8Array(0);
  /** Of the scan under way: where the tree begins and ends, the hash of its path, and where the next row goes. */
  #tree = 0;
  #end = 0;
  #parentHash = 0;
  #row = 0;

  constructor(memory: KernelMemory) {
    this.#memory = memory;
  }

  prepareScan(scan: TreeScan): void {
    this.#scan = scan;
  }

  scanTree(tree: number, size: number, parentHash: number, rows: number): number {
    this.#begin(tree, size, parentHash, rows);
    let at = tree;
    while (at < this.#end) {
      at = this.#entry(at);
      if (at < 0) return kernelStatus.corrupt;
    }
    return this.#rowCount(rows);
  }

  /**
   * Walks the entries of base and tree in step. A copy may be passed over only as far as it is known to begin at an entry
   * of the base and of the tree at once: from there on the same bytes are the same entries, up to the last one that ends
   * inside the copy.
   */
  scanTreeDelta(
    base: number,
    baseSize: number,
    delta: number,
    deltaSize: number,
    tree: number,
    size: number,
    parentHash: number,
    rows: number,
  ): number {
    this.#begin(tree, size, parentHash, rows);
    const bytes = this.#bytes;
    const end = this.#end;
    const baseEnd = base + baseSize;
    const deltaEnd = delta + deltaSize;
    let at = delta;
    for (let varints = 0; varints < 2; varints++) {
      while (at < deltaEnd && (bytes[at] ?? 0) >= 0x80) at++;
      at++;
    }
    /** Next entries of base and tree. Behind the base: it can be walked no further. */
    let baseAt = base;
    let treeAt = tree;
    let walkable = maxWalks * baseSize;
    let out = tree;
    while (at < deltaEnd) {
      const instruction = bytes[at++] ?? 0;
      if (instruction < 0x80) {
        if (instruction === 0 || at + instruction > deltaEnd || instruction > end - out) return kernelStatus.corrupt;
        at += instruction;
        out += instruction;
        continue;
      }
      let from = 0;
      let length = 0;
      for (let part = 0; part < 4; part++)
        if ((instruction & (1 << part)) !== 0) from += (bytes[at++] ?? 0) * 256 ** part;
      for (let part = 0; part < 3; part++)
        if ((instruction & (16 << part)) !== 0) length |= (bytes[at++] ?? 0) << (8 * part);
      if (length === 0) length = 0x10000;
      if (at > deltaEnd || from + length > baseSize || length > end - out) return kernelStatus.corrupt;
      const copyEnd = out + length;
      const toBase = base + from - out;
      while (treeAt < copyEnd) {
        if (treeAt >= out) {
          const wanted = treeAt + toBase;
          if (baseAt > wanted && walkable > 0) {
            walkable -= baseSize;
            baseAt = base;
          }
          while (baseAt < wanted) baseAt = this.#skip(baseAt, baseEnd);
          if (baseAt === wanted) {
            const baseLimit = copyEnd + toBase;
            for (;;) {
              const next = this.#skip(baseAt, baseEnd);
              if (next > baseLimit) break;
              baseAt = next;
              if (next === baseLimit) break;
            }
            treeAt = baseAt - toBase;
            if (treeAt >= copyEnd) break;
          }
        }
        treeAt = this.#entry(treeAt);
        if (treeAt < 0) return kernelStatus.corrupt;
      }
      out = copyEnd;
    }
    if (out !== end) return kernelStatus.corrupt;
    while (treeAt < end) {
      treeAt = this.#entry(treeAt);
      if (treeAt < 0) return kernelStatus.corrupt;
    }
    return this.#rowCount(rows);
  }

  #begin(tree: number, size: number, parentHash: number, rows: number): void {
    this.#bytes = this.#memory.bytes;
    this.#tree = tree;
    this.#end = tree + size;
    this.#parentHash = parentHash >>> 0;
    this.#row = rows / 4;
  }

  #rowCount(rows: number): number {
    return (this.#row - rows / 4) / treeRowWords;
  }

  /** Where the entry at `at` ends: past `end` when it is cut off. */
  #skip(at: number, end: number): number {
    const bytes = this.#bytes;
    let zero = at;
    while (zero < end && bytes[zero] !== 0) zero++;
    const next = zero + 1 + this.#scan.rawLength;
    return next > end ? Infinity : next;
  }

  /** Reports the entry at `at` if it is new, and returns where it ends; -1 when it is none. */
  #entry(at: number): number {
    const bytes = this.#bytes;
    const end = this.#end;
    const { rawLength, withBlobs } = this.#scan;
    let mode = 0;
    let nameAt = at;
    for (; nameAt < end; nameAt++) {
      const digit = (bytes[nameAt] ?? 0) - 0x30;
      if (digit < 0 || digit > 7) break;
      mode = (mode << 3) | digit;
    }
    if (nameAt === at || nameAt >= end || bytes[nameAt] !== 0x20) return -1;
    nameAt++;
    let zero = nameAt;
    while (zero < end && bytes[zero] !== 0) zero++;
    const next = zero + 1 + rawLength;
    if (zero === nameAt || next > end) return -1;
    const type = mode & typeMask;
    if (type === treeType) this.#report(at, true, nameAt, zero);
    // Like git, which takes any other type for a submodule's commit.
    else if (withBlobs && (type === fileType || type === linkType)) this.#report(at, false, nameAt, zero);
    return next;
  }

  #report(at: number, isTree: boolean, nameAt: number, zero: number): void {
    const bytes = this.#bytes;
    const { marks, skipMask, setMask } = this.#scan;
    const number = this.#numberOf(zero + 1);
    if (number !== unknownNumber) {
      const mark = bytes[marks + number] ?? 0;
      if ((mark & skipMask) !== 0) return;
      bytes[marks + number] = mark | setMask;
    }
    let hash = this.#parentHash;
    for (let index = nameAt; index < zero; index++) {
      const byte = bytes[index] ?? 0;
      if (byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d) continue;
      hash = ((hash >>> 2) + (byte << 24)) >>> 0;
    }
    const words = this.#memory.words;
    words[this.#row] = number;
    words[this.#row + 1] = 2 * (at - this.#tree) + (isTree ? 1 : 0);
    words[this.#row + 2] = hash;
    this.#row += treeRowWords;
  }

  #numberOf(name: number): number {
    let before = 0;
    for (const table of this.#scan.tables) {
      const position = findName(this.#memory, table, this.#scan.rawLength, name);
      if (position >= 0) return before + position;
      before += table.count;
    }
    return unknownNumber;
  }
}
