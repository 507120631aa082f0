import type { ObjectNumber } from './object-number.ts';

/**
 * The bitmaps of a pack or of a multi-pack-index (gitformat-bitmap). Bit i stands for the object that comes i-th in pack
 * order. A bit set is a `Uint32Array` of `wordCount` words, bit i being bit i % 32 of word i / 32.
 */
export interface ReachabilityBitmaps {
  readonly bitCount: number;
  readonly wordCount: number;
  /** Index into the database's packs when they are those of one pack, which lies in the order of the bits; else -1. */
  readonly pack: number;
  numberOfBit(bit: number): ObjectNumber;
  /** -1 for an object that has no bit. */
  bitOfNumber(number: ObjectNumber): number;
  /** Adds everything reachable from a commit to `into`; false, and nothing added, when no bitmap is stored for it. */
  addReachable(commit: ObjectNumber, into: Uint32Array): boolean;
  /** The bits of each type of object. */
  readonly commits: Uint32Array;
  readonly trees: Uint32Array;
  readonly blobs: Uint32Array;
  readonly tags: Uint32Array;
  /** Git's name hash of the object with this bit, when the file has them (BITMAP_OPT_HASH_CACHE). */
  nameHash(bit: number): number | undefined;
}
