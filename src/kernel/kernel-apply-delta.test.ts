import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { onEach, twinArenas } from '../../test/kernels/arena.ts';
import { encodeDelta, encodeVarint } from '../../test/kernels/encode-delta.ts';
import { kernelStatus } from './kernel.ts';

const arenas = twinArenas(4 * 1024 * 1024);

function apply(base: Uint8Array, delta: Uint8Array, resultSize: number): { status: number; result: Buffer } {
  return onEach(arenas, (arena) => {
    const baseAt = arena.place(base);
    const deltaAt = arena.place(delta);
    const resultAt = arena.room(resultSize);
    const status = arena.kernel.applyDelta(baseAt, base.length, deltaAt, delta.length, resultAt, resultSize);
    return { status, result: arena.read(resultAt, status === 0 ? resultSize : 0) };
  });
}

const instruction = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 127 }).map((insert) => ({ insert })),
  fc
    .tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(7))
    .map(([place, part, kind]) => ({ place, part: kind === 0 ? part : part / 1000 })),
);

describe('Kernel.applyDelta', () => {
  test('does what the instructions say', () => {
    fc.assert(
      fc.property(fc.nat(70_000), fc.array(instruction, { maxLength: 12 }), (baseSize, instructions) => {
        const base = randomBytes(baseSize + 1);
        const { delta, result } = encodeDelta(
          base,
          instructions.map((each) => {
            if ('insert' in each) return each;
            const from = Math.floor(each.place * baseSize);
            return { from, size: 1 + Math.floor(each.part * (baseSize - from)) };
          }),
        );
        const applied = apply(base, delta, result.length);
        expect(applied.status).toBe(0);
        expect(applied.result.equals(result)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test('a copy size of zero means 65536', () => {
    const base = randomBytes(0x10000);
    const delta = Uint8Array.from([...encodeVarint(0x10000), ...encodeVarint(0x10000), 0x80]);
    expect(apply(base, delta, 0x10000).result.equals(base)).toBe(true);
  });

  test.each([
    ['another base size', [4, 1, 0x91, 0, 1]],
    ['the reserved instruction', [3, 1, 0, 1]],
    ['a copy past the base', [3, 2, 0x91, 2, 2]],
    ['a copy from far behind the base', [3, 2, 0x9f, 255, 255, 255, 255, 2]],
    ['a copy of more than the result', [3, 1, 0x91, 0, 2]],
    ['a cut copy', [3, 1, 0x91, 0]],
    ['a cut insert', [3, 2, 2, 1]],
    ['an insert of more than the result', [3, 1, 2, 1, 1]],
    ['too few bytes', [3, 2, 1, 1]],
    ['no sizes', [0x80]],
    ['sizes beyond reason', [3, 255, 255, 255, 255, 255, 255, 255, 255, 1]],
  ])('%s is corrupt', (_name, bytes) => {
    expect(apply(Uint8Array.of(1, 2, 3), Uint8Array.from(bytes), bytes[1] ?? 0).status).toBe(kernelStatus.corrupt);
  });

  test('another result size than the one asked for is wrong', () => {
    expect(apply(Uint8Array.of(1, 2, 3), Uint8Array.of(3, 1, 0x91, 0, 1), 2).status).toBe(kernelStatus.wrongSize);
  });

  test('noise and mutated deltas are refused or applied, never more', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 50 }),
        fc.nat(600),
        fc.uint8Array({ maxLength: 60 }),
        (base, resultSize, noise) => {
          apply(
            base,
            Uint8Array.from([...encodeVarint(base.length), ...encodeVarint(resultSize), ...noise]),
            resultSize,
          );
        },
      ),
      { numRuns: 3000 },
    );
  });
});
