import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { onEach, twinArenas } from '../../test/kernels/arena.ts';
import { placeNames } from '../../test/kernels/name-table.ts';

const arenas = twinArenas(4 * 1024 * 1024);

function find(names: readonly Uint8Array[], rawLength: number, wanted: readonly Uint8Array[]): number[] {
  return onEach(arenas, (arena) => {
    const table = placeNames(arena, names);
    return wanted.map((name) => arena.kernel.findName(table, rawLength, arena.place(name)));
  });
}

function sorted(names: readonly Uint8Array[]): Buffer[] {
  const buffers = names.map((name) => Buffer.from(name)).sort((left, right) => left.compare(right));
  return buffers.filter((name, index) => index === 0 || buffers[index - 1]?.equals(name) !== true);
}

describe.each([20, 32])('Kernel.findName with names of %i bytes', (rawLength) => {
  test('finds each of many names, and none that is not there', () => {
    const names = sorted(Array.from({ length: 5000 }, () => randomBytes(rawLength)));
    expect(find(names, rawLength, names)).toEqual(names.map((_name, index) => index));
    const others = Array.from({ length: 5000 }, () => randomBytes(rawLength));
    expect(find(names, rawLength, others)).toEqual(others.map(() => -1));
  });

  test('names that were chosen to lie badly', () => {
    const byte = fc.constantFrom(0, 1, 2, 127, 128, 254, 255);
    const name = fc.array(byte, { minLength: rawLength, maxLength: rawLength }).map((bytes) => Uint8Array.from(bytes));
    // Much the same in front, so that the guesses are of no use.
    const alike = fc.tuple(name, fc.nat(rawLength - 1)).map(([bytes, same]) => bytes.fill(0x55, 0, same));
    fc.assert(
      fc.property(fc.array(alike, { maxLength: 200 }), fc.array(alike, { maxLength: 20 }), (some, others) => {
        const names = sorted(some);
        expect(find(names, rawLength, names)).toEqual(names.map((_name, index) => index));
        const expected = others.map((other) => names.findIndex((each) => each.equals(other)));
        expect(find(names, rawLength, others)).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });

  test('names close to each other, and names beside them', () => {
    const names = Array.from({ length: 1000 }, (_, index) => {
      const name = Buffer.alloc(rawLength, 0xab);
      name.writeUInt32BE(index * 2 + 1, rawLength - 4);
      return name;
    });
    expect(find(names, rawLength, names)).toEqual(names.map((_name, index) => index));
    const between = names.map((name) => {
      const other = Buffer.from(name);
      other.writeUInt32BE(other.readUInt32BE(rawLength - 4) + 1, rawLength - 4);
      return other;
    });
    expect(find(names, rawLength, between)).toEqual(between.map(() => -1));
  });

  test('a fanout or an order that lies gives no position outside', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(0xffff_ffff), { minLength: 256, maxLength: 256 }),
        fc.nat(40),
        fc.nat(255),
        (fanout, count, first) => {
          for (const arena of arenas) {
            arena.reset();
            const table = placeNames(
              arena,
              Array.from({ length: count }, () => randomBytes(rawLength)),
            );
            arena.kernel.memory.words.set(fanout, table.fanout / 4);
            const position = arena.kernel.findName(
              table,
              rawLength,
              arena.place(Buffer.concat([Uint8Array.of(first), randomBytes(rawLength - 1)])),
            );
            expect(position).toBeLessThan(count);
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
