import fc from 'fast-check';
import { expect, test } from 'vitest';
import { KernelMemory } from '../kernel/kernel-memory.ts';
import { DeltaBaseCache } from './delta-base-cache.ts';

const bytes = 64 * 1024;

function makeMemory(): KernelMemory {
  const memory = new KernelMemory();
  memory.begin(1);
  return memory;
}

test('what is found is whole, and what is pinned is not dropped', () => {
  const step = fc.record({
    offset: fc.integer({ min: 0, max: 40 }),
    size: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: bytes / 16 })),
    look: fc.integer({ min: 0, max: 40 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const memory = makeMemory();
      const cache = new DeltaBaseCache(memory, bytes);
      const sizes = new Map<number, number>();
      for (const { offset, size, look } of steps) {
        const pinned = cache.find(1, look);
        const address = pinned < 0 ? -1 : cache.addressOf(pinned);
        if (cache.find(1, offset) >= 0) continue;
        const room = cache.reserve(size, address);
        expect(room).toBeGreaterThan(0);
        memory.view(room, size).fill(offset);
        if (pinned >= 0) {
          expect(cache.find(1, look)).toBe(pinned);
          expect(cache.addressOf(pinned)).toBe(address);
        }
        cache.keep(1, offset, 1 + (offset % 4), size);
        sizes.set(offset, size);
        for (let other = 0; other <= 40; other++) {
          const found = cache.find(1, other);
          if (found < 0) continue;
          expect(cache.sizeOf(found)).toBe(sizes.get(other));
          expect(cache.typeOf(found)).toBe(1 + (other % 4));
          expect(memory.view(cache.addressOf(found), cache.sizeOf(found)).every((byte) => byte === other)).toBe(true);
        }
        expect(cache.find(1, offset)).toBeGreaterThanOrEqual(0);
      }
    }),
    { numRuns: 60 },
  );
});

test('what has been used stays longer than what has not', () => {
  const memory = makeMemory();
  const cache = new DeltaBaseCache(memory, bytes);
  for (let offset = 0; offset < 200; offset++) {
    cache.reserve(1000, -1);
    cache.keep(7, offset, 3, 1000);
    cache.find(7, 0);
  }
  expect(cache.find(7, 0)).toBeGreaterThanOrEqual(0);
  expect(cache.find(7, 1)).toBe(-1);
  expect(cache.find(8, 0)).toBe(-1);
});

test('what takes too large a part is not kept, nor anything by a cache of 0 bytes', () => {
  const memory = makeMemory();
  const cache = new DeltaBaseCache(memory, bytes);
  expect(cache.reserve(bytes / 16 + 1, -1)).toBe(-1);
  cache.release();
  const none = new DeltaBaseCache(memory, 0);
  expect(none.reserve(1, -1)).toBe(-1);
  none.release();
  expect(memory.usedBytes).toBe(0);
});
