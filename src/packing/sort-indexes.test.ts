import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sortIndexes } from './sort-indexes.ts';

describe('sortIndexes', () => {
  it('sorts as a comparing sort does, short lists and long ones', () => {
    const key = fc.oneof(fc.nat({ max: 1000 }), fc.maxSafeInteger().map(Math.abs));
    fc.assert(
      fc.property(fc.array(key, { minLength: 1, maxLength: 300 }), fc.boolean(), (some, isLong) => {
        const keys = Float64Array.from(
          { length: isLong ? 9000 : some.length },
          (_, index) => some[index % some.length] ?? 0,
        );
        const indexes = Uint32Array.from(keys, (_, index) => index);
        const expected = [...indexes].sort((left, right) => (keys[left] ?? 0) - (keys[right] ?? 0));
        sortIndexes(indexes, keys);
        expect([...indexes]).toEqual(expected);
      }),
      { numRuns: 30 },
    );
  });
});
