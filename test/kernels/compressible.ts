import { randomBytes } from 'node:crypto';
import { constants } from 'node:zlib';
import fc from 'fast-check';

/** Settings of zlib's deflate. */
export const deflateSettings = fc.record({
  level: fc.integer({ min: 0, max: 9 }),
  memLevel: fc.integer({ min: 1, max: 9 }),
  windowBits: fc.integer({ min: 9, max: 15 }),
  strategy: fc.constantFrom(
    constants.Z_DEFAULT_STRATEGY,
    constants.Z_FIXED,
    constants.Z_HUFFMAN_ONLY,
    constants.Z_RLE,
    constants.Z_FILTERED,
  ),
});

/** Bytes of every kind of compressibility: runs, words, noise. */
export const compressible = fc
  .array(
    fc.oneof(
      fc.tuple(fc.nat(255), fc.integer({ min: 1, max: 3000 })).map(([byte, length]) => Buffer.alloc(length, byte)),
      fc
        .constantFrom('parent ', 'tree ', 'author A U Thor <author@example.com> 1700000000 +0000\n')
        .map((text) => Buffer.from(text)),
      fc.nat(4000).map((length) => randomBytes(length)),
      fc.nat(400).map((length) => Buffer.from(randomBytes(length).toString('hex'))),
    ),
    { maxLength: 40 },
  )
  .map((parts) => Buffer.concat(parts));

/** Bytes for which Huffman codes get as long as they can be, in a mixed order. */
export function skewedBytes(): Buffer {
  const parts: Buffer[] = [];
  // Fibonacci frequencies.
  for (let byte = 0, [low, high] = [1, 1]; byte < 24; byte++, [low, high] = [high, low + high]) {
    parts.push(Buffer.alloc(low, byte * 7));
  }
  const bytes = Buffer.concat(parts);
  for (let at = bytes.length - 1; at > 0; at--) {
    const other = (at * 7919) % (at + 1);
    [bytes[at], bytes[other]] = [bytes[other] ?? 0, bytes[at] ?? 0];
  }
  return bytes;
}
