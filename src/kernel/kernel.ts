import type { KernelMemory } from './kernel-memory.ts';

/** Why a kernel gave up; results below zero. */
export const kernelStatus = {
  /** The input ended early. */
  truncated: -1,
  /** The input breaks its format, or a checksum is wrong. */
  corrupt: -2,
  /** The result is not of the size that was stated. */
  wrongSize: -3,
} as const;

/** Words of one row that {@link Kernel.scanTree} writes. */
export const treeRowWords = 3;
/** In the first word of a row: the name is in no table. */
export const unknownNumber = 0xffff_ffff;

/**
 * Where sorted names lie in kernel memory. All addresses are multiples of 4; `fanout` points at 256 words in native
 * order, as in an index file: how many names begin with a byte up to this one. What lies there does not change while the
 * object is in use: other names are another object.
 */
export interface NameTable {
  readonly fanout: number;
  /** `count` raw names, sorted, one after the other. */
  readonly names: number;
  readonly count: number;
}

/** What {@link Kernel.scanTree} looks names up in. */
export interface TreeScan {
  /** Bytes of a raw name: 20 or 32. */
  readonly rawLength: number;
  /** Searched in this order. A name found at position p of a table has number p plus the counts of those in front. */
  readonly tables: readonly NameTable[];
  /** Address of one byte of marks for each number in `tables`. */
  readonly marks: number;
  /** An entry whose marks share a bit with this is left out. */
  readonly skipMask: number;
  /** Set on each entry that is reported. */
  readonly setMask: number;
  /** Whether entries that are no trees count. Without, they are passed over before they are looked up. */
  readonly withBlobs: boolean;
}

/**
 * The hot loops. Everything is an address in `memory`: nothing is copied in or out, nothing is allocated. Ranges must lie
 * inside the memory and inputs must not overlap outputs; content is hostile, and a result below zero
 * ({@link kernelStatus}) says what is wrong with it.
 */
export interface Kernel {
  readonly kind: 'wasm' | 'plain';
  readonly memory: KernelMemory;

  /**
   * Inflates one whole zlib stream (RFC 1950) that begins at `input` and ends at `inputEnd` at the latest, into exactly
   * `outputSize` bytes; the checksum is verified. Returns how many input bytes it took.
   */
  inflate(input: number, inputEnd: number, output: number, outputSize: number): number;

  /**
   * Inflates no more than the first `outputSize` bytes. Returns how many were written: fewer only when the stream is
   * shorter, or when the input ends there.
   */
  inflatePrefix(input: number, inputEnd: number, output: number, outputSize: number): number;

  /**
   * Rebuilds an object from a delta (gitformat-pack, "Deltified representation") into exactly `resultSize` bytes. 0 when
   * all is well. The delta's own statement of both sizes is checked.
   */
  applyDelta(
    base: number,
    baseSize: number,
    delta: number,
    deltaSize: number,
    result: number,
    resultSize: number,
  ): number;

  /** Position of the raw name at `name` in `table`, or -1. */
  findName(table: NameTable, rawLength: number, name: number): number;

  /** Makes `scan` the one that {@link scanTree} uses from now on. With more than 5,000 tables, memory may be allocated. */
  prepareScan(scan: TreeScan): void;

  /**
   * Reports the entries of a tree that are not marked, and marks them: a row of {@link treeRowWords} words each, written
   * from `rows` on, which needs room for `size / (rawLength + 3)` of them.
   *
   * - word 0: the number, or {@link unknownNumber} (such an entry is reported each time)
   * - word 1: 2 × the entry's offset in the tree, plus 1 for a tree
   * - word 2: git's name hash of the path, `parentHash` being that of the tree's own path with a slash behind it (0 for
   *   a root): for each byte that is no space, tab, line feed or carriage return, `hash = (hash >>> 2) + (byte << 24)`
   *
   * Submodule commits (mode 160000, and whatever is no tree, file or symbolic link) are left out. Returns the number of rows, or `corrupt`.
   */
  scanTree(tree: number, size: number, parentHash: number, rows: number): number;

  /**
   * The same for a tree that is stored as a delta, when every entry of the base has been reported or marked before:
   * entries that the delta copies from whole entries of the base are passed over without being looked up.
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
  ): number;

  /** Bytes that {@link indexDelta} needs for a source of this size. */
  deltaIndexBytes(sourceSize: number): number;

  /** Prepares `source` for {@link createDelta}: writes its index to `index`. */
  indexDelta(source: number, sourceSize: number, index: number): void;

  /**
   * Writes a delta that makes `target` out of the source of an index. Returns its size, or 0 when it would be larger than
   * `maxSize`, the room there is at `delta`.
   */
  createDelta(
    source: number,
    sourceSize: number,
    index: number,
    target: number,
    targetSize: number,
    delta: number,
    maxSize: number,
  ): number;
}
