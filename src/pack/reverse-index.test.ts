import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PackOffsets } from './pack-offsets.ts';
import { ReverseIndex } from './reverse-index.ts';

/** Offsets as an index file holds them. */
function packOffsets(offsets: readonly number[]): PackOffsets {
  const large: number[] = [];
  const words = offsets.map((offset) => (offset < 2 ** 31 ? offset : 2 ** 31 + large.push(offset) - 1));
  return new PackOffsets(Uint32Array.from(words), Float64Array.from(large));
}

test('puts entries of packs of any size in order, and finds each of them', () => {
  const offset = fc.oneof(
    fc.integer({ min: 12, max: 5000 }),
    fc.integer({ min: 12, max: 2 ** 32 }),
    fc.integer({ min: 12, max: 2 ** 46 }),
  );
  fc.assert(
    fc.property(fc.uniqueArray(offset, { maxLength: 200 }), fc.integer({ min: 1, max: 5000 }), (offsets, rest) => {
      const end = Math.max(12, ...offsets) + rest;
      const reverse = new ReverseIndex(packOffsets(offsets), end);
      const sorted = [...offsets].sort((left, right) => left - right);
      expect([...reverse.offsets]).toEqual([...sorted, end]);
      expect([...reverse.positions].map((position) => offsets[position])).toEqual(sorted);
      for (const [rank, found] of sorted.entries()) expect(reverse.rankOf(found)).toBe(rank);
      for (const none of [0, end, end + 1, ...sorted.map((found) => found + 1)]) {
        if (!offsets.includes(none)) expect(reverse.rankOf(none)).toBe(-1);
      }
    }),
  );
});

test('more entries than are sorted by small digits', () => {
  const offsets = Array.from({ length: 20_000 }, (_, index) => 12 + ((index * 7919) % 20_000) * 3);
  const reverse = new ReverseIndex(packOffsets(offsets), 60_012);
  expect(reverse.offsets.every((offset, rank) => offset === 12 + rank * 3)).toBe(true);
  expect(reverse.rankOf(12 + 777 * 3)).toBe(777);
});

test('offsets that are wrong do no harm', () => {
  const offsets = new PackOffsets(Uint32Array.of(12, 2 ** 31 + 5, 900_000), new Float64Array(0));
  const reverse = new ReverseIndex(offsets, 100);
  expect(reverse.rankOf(12)).toBe(0);
  expect(reverse.rankOf(50)).toBe(-1);
});
