import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { KernelMemory } from './kernel-memory.ts';

const pageBytes = 65_536;

function freshMemory(begin = 1): KernelMemory {
  const memory = new KernelMemory();
  memory.begin(begin);
  return memory;
}

describe('KernelMemory', () => {
  test('blocks begin behind the static data, at whole pages, one after the other', () => {
    const memory = freshMemory(3 * pageBytes + 1);
    expect(memory.allocate(1)).toBe(4 * pageBytes);
    expect(memory.allocate(pageBytes + 1)).toBe(5 * pageBytes);
    expect(memory.allocate(0)).toBe(7 * pageBytes);
    expect(memory.usedBytes).toBe(4 * pageBytes);
  });

  test('a released block is used again, joined with what is free beside it', () => {
    const memory = freshMemory();
    const [first, second, third] = [memory.allocate(pageBytes), memory.allocate(pageBytes), memory.allocate(pageBytes)];
    memory.allocate(1);
    memory.release(first);
    memory.release(third);
    memory.release(second);
    expect(memory.allocate(3 * pageBytes)).toBe(first);
  });

  test('grows, keeping what is in it', () => {
    const memory = freshMemory();
    const small = memory.allocate(100);
    memory.bytes[small] = 7;
    const before = memory.bytes;
    const large = memory.allocate(40 * 1024 * 1024);
    expect(memory.bytes).not.toBe(before);
    expect(before.length).toBe(0);
    expect(memory.bytes[small]).toBe(7);
    expect(memory.words[small / 4]).toBe(7);
    memory.bytes[large + 40 * 1024 * 1024 - 1] = 9;
    expect(memory.view(large, 40 * 1024 * 1024).at(-1)).toBe(9);
  });

  test('only real blocks are released, and once', () => {
    const memory = freshMemory();
    const block = memory.allocate(2 * pageBytes);
    const wrong = expect.objectContaining({ code: 'GM_INTERNAL' }) as Error;
    expect(() => {
      memory.release(block + pageBytes);
    }).toThrow(wrong);
    memory.release(block);
    expect(() => {
      memory.release(block);
    }).toThrow(wrong);
  });

  test('what does not fit into 4 GiB is GM_LIMIT, and everything else goes on', () => {
    const memory = freshMemory();
    for (const length of [2 ** 32, 2 ** 40, Infinity, Number.NaN]) {
      expect(() => memory.allocate(length)).toThrow(expect.objectContaining({ code: 'GM_LIMIT' }) as Error);
    }
    expect(memory.usedBytes).toBe(0);
    expect(memory.allocate(10)).toBe(pageBytes);
  });

  test('blocks never overlap, whatever the order', () => {
    const step = fc.record({ release: fc.boolean(), which: fc.nat(), pages: fc.integer({ min: 1, max: 60 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const memory = freshMemory();
        const blocks: { address: number; length: number }[] = [];
        for (const { release, which, pages } of steps) {
          const victim = blocks.length === 0 ? undefined : blocks.splice(which % blocks.length, release ? 1 : 0)[0];
          if (victim !== undefined) {
            memory.release(victim.address);
            continue;
          }
          const length = pages * pageBytes - 5;
          const address = memory.allocate(length);
          expect(address + length).toBeLessThanOrEqual(memory.bytes.length);
          for (const other of blocks) {
            expect(address >= other.address + other.length || other.address >= address + length).toBe(true);
          }
          blocks.push({ address, length });
        }
        for (const { address } of blocks) memory.release(address);
        expect(memory.usedBytes).toBe(0);
      }),
      { numRuns: 40 },
    );
  });
});
