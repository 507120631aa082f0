/**
 * How the index of a delta source is laid out, in 32-bit words; the same in both kernels:
 *
 * - word 0: bytes of a block; word 1: how many blocks there are; word 2: how many bits of a hash name a bucket
 * - from word 4 on `filter`, a byte for each bucket: bit n is set when it has a block whose hash has n in the three bits
 *   behind those that name the bucket. A twelfth of the rest, so that it stays in the nearest cache, and mostly it says
 *   that there is nothing to look for: with it a window of blobs takes 0.35 of the time.
 * - `heads`, a word for each bucket: 1 plus the number of the first block in it, 0 for none
 * - `next`, a word for each block: the same for the block behind it in its bucket, numbers ascending
 * - `hashes`, a word for each block
 *
 * A block whose hash is that of the one in front of it has no place in a bucket: in a run of equal blocks the first one
 * gives the longest match.
 */
export const deltaIndexHeaderWords = 4;

/** Bytes that are hashed together: no shorter match is looked for, though matches are extended both ways. */
export const hashedBytes = 16;

/** Most blocks of a source; larger sources have larger blocks, of which the first 16 bytes are hashed. */
const maxBlocks = 2 ** 21;

const minBucketBits = 4;

/** Blocks that are compared with one place of the target, and those that are looked at for it, at most. */
export const maxComparedBlocks = 64;
export const maxVisitedBlocks = 96;

/** A match this long is not improved upon. */
export const enoughMatchBytes = 4096;

/** Longest run of literals in one instruction, and longest copy (gitformat-pack, "Instruction to copy from base object"). */
export const maxLiteralBytes = 127;
export const maxCopyBytes = 0x10000;

/** Measures of the index of a source of `sourceSize` bytes. */
export interface DeltaIndexShape {
  readonly blockBytes: number;
  readonly blockCount: number;
  readonly bucketBits: number;
}

/** The index that a source of `sourceSize` bytes gets. */
export function deltaIndexShape(sourceSize: number): DeltaIndexShape {
  let blockBytes = hashedBytes;
  while (sourceSize / blockBytes > maxBlocks) blockBytes *= 2;
  const blockCount = Math.floor(sourceSize / blockBytes);
  let bucketBits = minBucketBits;
  while (2 ** bucketBits < blockCount) bucketBits++;
  return { blockBytes, blockCount, bucketBits };
}

/** `Kernel.deltaIndexBytes`. */
export function deltaIndexBytes(sourceSize: number): number {
  const { blockCount, bucketBits } = deltaIndexShape(sourceSize);
  return 4 * (deltaIndexHeaderWords + 2 ** bucketBits + 2 * blockCount) + 2 ** bucketBits;
}
