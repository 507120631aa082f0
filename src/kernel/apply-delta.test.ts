import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeDelta, encodeVarint } from '../../test/kernels/encode-delta.ts';
import { GitMirrorError } from '../core/error.ts';
import { applyDelta, decodeDeltaSizes } from './apply-delta.ts';

function apply(base: Uint8Array, delta: Uint8Array): Uint8Array {
  const sizes = decodeDeltaSizes(delta);
  if (sizes.resultSize > 1_000_000) throw new GitMirrorError('GM_LIMIT', 'too large');
  const result = new Uint8Array(sizes.resultSize);
  applyDelta(base, delta, sizes, result);
  return result;
}

describe('applyDelta', () => {
  test('does what the instructions say', () => {
    const cases = fc.uint8Array({ minLength: 1, maxLength: 70_000 }).chain((base) =>
      fc.tuple(
        fc.constant(base),
        fc.array(
          fc.oneof(
            fc.uint8Array({ minLength: 1, maxLength: 127 }).map((insert) => ({ insert })),
            fc
              .tuple(fc.nat(base.length - 1), fc.nat(base.length - 1))
              .map(([left, right]) => ({ from: Math.min(left, right), size: Math.abs(left - right) + 1 })),
          ),
          { maxLength: 8 },
        ),
      ),
    );
    fc.assert(
      fc.property(cases, ([base, instructions]) => {
        const { delta, result } = encodeDelta(base, instructions);
        expect(Buffer.compare(apply(base, delta), result)).toBe(0);
      }),
    );
  });

  test('a copy size of zero means 65536', () => {
    const base = new Uint8Array(0x10000).fill(7);
    expect(apply(base, Uint8Array.from([...encodeVarint(0x10000), ...encodeVarint(0x10000), 0x80])).length).toBe(
      0x10000,
    );
  });

  test.each([
    ['another base size', [4, 1, 0x91, 0, 1]],
    ['the reserved instruction', [3, 1, 0, 1]],
    ['a copy past the base', [3, 2, 0x91, 2, 2]],
    ['a copy of more than the result', [3, 1, 0x91, 0, 2]],
    ['a cut copy', [3, 1, 0x91, 0]],
    ['a cut insert', [3, 2, 2, 1]],
    ['an insert of more than the result', [3, 1, 2, 1, 1]],
    ['too few bytes', [3, 2, 1, 1]],
    ['no sizes', [0x80]],
    ['sizes beyond reason', [3, 255, 255, 255, 255, 255, 255, 255, 255, 1]],
  ])('%s is GM_CORRUPT', (_name, bytes) => {
    expect(() => apply(Uint8Array.of(1, 2, 3), Uint8Array.from(bytes))).toThrow(
      expect.objectContaining({ code: 'GM_CORRUPT' }) as Error,
    );
  });

  test('noise is refused or applied, never more', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 50 }), fc.uint8Array({ maxLength: 50 }), (base, noise) => {
        try {
          apply(base, Uint8Array.from([...encodeVarint(base.length), ...noise]));
        } catch (error) {
          expect(error).toBeInstanceOf(GitMirrorError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
