import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packType } from '../objects/object-type.ts';
import { EntryHeader } from '../pack/pack-entry.ts';
import {
  baseDistanceLength,
  encodeBaseDistance,
  encodeEntrySize,
  entrySizeLength,
  maxHeaderBytes,
} from './entry-encoding.ts';

describe('entry headers', () => {
  it('are read back as they were written, and have the length that was foretold', () => {
    const sizes = fc.oneof(
      fc.nat({ max: 5000 }),
      fc.maxSafeInteger().map((value) => Math.abs(value) % 2 ** 45),
    );
    fc.assert(
      fc.property(sizes, sizes, fc.nat({ max: 9 }), (size, away, start) => {
        const distance = away + 1;
        const bytes = new Uint8Array(maxHeaderBytes + 10);
        const middle = encodeEntrySize(packType.ofsDelta, size, bytes, start);
        expect(middle - start).toBe(entrySizeLength(size));
        const end = encodeBaseDistance(distance, bytes, middle);
        expect(end - middle).toBe(baseDistanceLength(distance));
        const header = new EntryHeader('sha1');
        expect(header.decode(bytes, start, end)).toBe(true);
        expect([header.type, header.size, header.baseDistance, header.length]).toEqual([
          packType.ofsDelta,
          size,
          distance,
          end - start,
        ]);
      }),
    );
  });

  it('hold the borders of each length', () => {
    for (const [distance, length] of [
      [1, 1],
      [127, 1],
      [128, 2],
      [128 + 128 * 128 - 1, 2],
      [128 + 128 * 128, 3],
    ] as const) {
      expect(baseDistanceLength(distance)).toBe(length);
    }
  });
});
