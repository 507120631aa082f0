import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutDeltaChains, deltaHeights } from './delta-chains.ts';

function cutAll(
  links: readonly number[],
  maxDepth: number,
): { bases: Int32Array; cuts: number[]; depths: Uint32Array } {
  const bases = Int32Array.from(links);
  const cuts: number[] = [];
  const depths = cutDeltaChains({ count: bases.length, bases }, maxDepth, (index) => {
    bases[index] = -1;
    cuts.push(index);
  });
  return { bases, cuts, depths };
}

function chainLength(bases: Int32Array, index: number): number {
  let length = 0;
  for (let at = bases[index] ?? -1; at >= 0; at = bases[at] ?? -1) {
    length++;
    if (at >= bases.length) break;
    expect(length).toBeLessThanOrEqual(bases.length);
  }
  return length;
}

describe('delta chains', () => {
  it('cuts a cycle where it closes, as git does', () => {
    // 0 → 1 → 2 → 3 → 1: the link from 3 goes.
    const { bases, depths } = cutAll([1, 2, 3, 1], 50);
    expect([...bases]).toEqual([1, 2, 3, -1]);
    expect([...depths]).toEqual([3, 2, 1, 0]);
  });

  it('cuts an object that builds on itself', () => {
    expect(cutAll([0], 50).cuts).toEqual([0]);
  });

  it('cuts long chains into pieces of the depth that is allowed', () => {
    const chain = Array.from({ length: 12 }, (_, index) => (index === 11 ? -1 : index + 1));
    const { depths, cuts } = cutAll(chain, 4);
    expect(cuts.length).toBe(2);
    expect(Math.max(...depths)).toBe(4);
  });

  it('leaves no cycle and no chain that is too long, whatever the links', () => {
    const links = fc
      .integer({ min: 1, max: 60 })
      .chain((count) =>
        fc.tuple(
          fc.array(fc.integer({ min: -1, max: count + 3 }), { minLength: count, maxLength: count }),
          fc.integer({ min: 0, max: 8 }),
        ),
      );
    fc.assert(
      fc.property(links, ([list, maxDepth]) => {
        const { bases, cuts, depths } = cutAll(list, maxDepth);
        const heights = deltaHeights({ count: bases.length, bases });
        for (let index = 0; index < bases.length; index++) {
          expect(chainLength(bases, index)).toBe(depths[index]);
          expect(depths[index]).toBeLessThanOrEqual(maxDepth);
          const base = bases[index] ?? -1;
          if (base >= 0 && base < bases.length) expect(heights[base]).toBeGreaterThan(heights[index] ?? 0);
          if (!cuts.includes(index)) expect(base).toBe(list[index]);
        }
      }),
    );
  });

  it('leaves the links it is told to keep', () => {
    const bases = Int32Array.from([-1, 0, 1, 2, 3]);
    const cuts: number[] = [];
    cutDeltaChains(
      { count: 5, bases },
      1,
      (index) => cuts.push(index),
      (index) => index < 4,
    );
    expect(cuts).toEqual([]);
  });
});
