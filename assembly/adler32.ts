const modulus: u32 = 65521;
/** Bytes after which the sums must be reduced to stay below 2^32, in whole blocks of 16. */
const runBytes: usize = 5552;

/** The Adler-32 checksum of the bytes from `start` to `end` (RFC 1950, 8.2). */
export function adler32(start: usize, end: usize): u32 {
  let low: u32 = 1;
  let high: u32 = 0;
  let at = start;
  const weightsLow = i16x8(16, 15, 14, 13, 12, 11, 10, 9);
  const weightsHigh = i16x8(8, 7, 6, 5, 4, 3, 2, 1);
  while (end - at >= 16) {
    const run = min(end - at, runBytes) & ~15;
    const stop = at + run;
    // A byte counts once for itself and once for each byte behind it: by weight inside its block, and by `before`, the
    // sum of all blocks in front, for the blocks behind it.
    let sums = i32x4.splat(0);
    let before = i32x4.splat(0);
    let weighted = i32x4.splat(0);
    for (; at < stop; at += 16) {
      const bytes = v128.load(at);
      before = i32x4.add(before, sums);
      sums = i32x4.add(sums, i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(bytes)));
      weighted = i32x4.add(weighted, i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_u(bytes), weightsLow));
      weighted = i32x4.add(weighted, i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_u(bytes), weightsHigh));
    }
    high = (high + <u32>run * low + (total(before) << 4) + total(weighted)) % modulus;
    low = (low + total(sums)) % modulus;
  }
  for (; at < end; at++) {
    low += load<u8>(at);
    high += low;
  }
  return ((high % modulus) << 16) | (low % modulus);
}

function total(lanes: v128): u32 {
  return (
    i32x4.extract_lane(lanes, 0) +
    i32x4.extract_lane(lanes, 1) +
    i32x4.extract_lane(lanes, 2) +
    i32x4.extract_lane(lanes, 3)
  );
}
