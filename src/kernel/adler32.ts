/** Longest run of bytes whose sums cannot pass 2^31: n·255 + 65520 for the low one, about n²·127 for the high one. */
const runBytes = 3800;

/** Continues the Adler-32 checksum `adler` (1 at the start) over `bytes[start..end)` (RFC 1950, 8.2). */
export function adler32(adler: number, bytes: Uint8Array, start: number, end: number): number {
  let low = adler & 0xffff;
  let high = adler >>> 16;
  let at = start;
  while (at < end) {
    const stop = Math.min(end, at + runBytes);
    const unrolled = stop - 7;
    for (; at < unrolled; at += 8) {
      const b0 = bytes[at] ?? 0;
      const b1 = bytes[at + 1] ?? 0;
      const b2 = bytes[at + 2] ?? 0;
      const b3 = bytes[at + 3] ?? 0;
      const b4 = bytes[at + 4] ?? 0;
      const b5 = bytes[at + 5] ?? 0;
      const b6 = bytes[at + 6] ?? 0;
      const b7 = bytes[at + 7] ?? 0;
      high += 8 * low + 8 * b0 + 7 * b1 + 6 * b2 + 5 * b3 + 4 * b4 + 3 * b5 + 2 * b6 + b7;
      low += b0 + b1 + b2 + b3 + b4 + b5 + b6 + b7;
    }
    for (; at < stop; at++) {
      low += bytes[at] ?? 0;
      high += low;
    }
    low %= 65521;
    high %= 65521;
  }
  return ((high << 16) | low) >>> 0;
}
