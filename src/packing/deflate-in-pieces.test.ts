import { inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { deflateInPieces } from './deflate-in-pieces.ts';

describe('deflateInPieces', () => {
  it.each([0, 1, 512 * 1024 - 1, 512 * 1024, 512 * 1024 + 1, 3_000_000])('makes one stream of %i bytes', (length) => {
    const content = Buffer.alloc(length);
    for (let at = 0; at < length; at++) content[at] = (at * at) >>> ((at >>> 10) & 7);
    for (const level of [-1, 0, 1, 9]) {
      const pieces = [...deflateInPieces(length, level, (start, end) => content.subarray(start, end))];
      expect(Math.max(...pieces.map((piece) => piece.length))).toBeLessThan(600_000);
      expect(inflateSync(Buffer.concat(pieces)).equals(content)).toBe(true);
    }
  });
});
