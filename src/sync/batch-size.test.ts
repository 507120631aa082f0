import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BatchSize } from './batch-size.ts';

describe('BatchSize', () => {
  test('with no limit known it begins with a quarter and grows', () => {
    const size = new BatchSize(Infinity, 100);
    expect(size.step).toBe(25);
    size.sent(25, 100, 10_000);
    expect(size.step).toBe(100);
    expect(size.isHopeless(1_000_000_000)).toBe(false);
  });

  test('what is too large is halved, down to one commit', () => {
    const size = new BatchSize(Infinity, 16);
    const steps: number[] = [];
    for (let tries = 0; tries < 5; tries += 1) {
      steps.push(size.step);
      size.refused(size.step, undefined);
    }
    expect(steps).toEqual([4, 2, 1, 1, 1]);
  });

  test('a refusal by the target tells about its limit, the largest known to be refused counts', () => {
    const size = new BatchSize(Infinity, 100);
    size.refused(25, 50_000);
    expect(size.limitBytes).toBe(50_000);
    size.refused(12, 80_000);
    expect(size.limitBytes).toBe(50_000);
    size.refused(6, 0);
    expect(size.limitBytes).toBe(50_000);
  });

  test('small packs make the next step larger, at most fourfold, and never beyond what should fit', () => {
    const size = new BatchSize(1_000_000, 10_000);
    const first = size.step;
    expect(first).toBeLessThan(100);
    size.sent(first, first * 3, first * 100);
    expect(size.step).toBe(first * 4);
    size.sent(size.step, 1000, size.step * 10_000);
    expect(size.step).toBe(70);
  });

  test('a pack is hopeless when objects as heavy as the last ones would be twice the limit', () => {
    const size = new BatchSize(100_000, 100);
    size.sent(1, 10, 10_000);
    expect(size.isHopeless(200)).toBe(false);
    expect(size.isHopeless(201)).toBe(true);
  });

  test('property: a target with any limit takes any history, if no commit alone is beyond it', () => {
    const commits = fc.array(fc.integer({ min: 100, max: 5000 }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(commits, fc.integer({ min: 5000, max: 60_000 }), fc.boolean(), (weights, limit, isKnown) => {
        const size = new BatchSize(isKnown ? limit : Infinity, weights.length);
        let pushes = 0;
        for (let first = 0; first < weights.length;) {
          expect(size.step).toBeGreaterThanOrEqual(1);
          const step = weights.slice(first, first + size.step);
          const bytes = step.reduce((sum, weight) => sum + weight, 0);
          pushes += 1;
          expect(pushes).toBeLessThan(weights.length * 3 + 20);
          if (bytes > limit) size.refused(step.length, isKnown ? undefined : Math.min(bytes, limit + 1000));
          else {
            size.sent(step.length, step.length * 3, bytes);
            first += step.length;
          }
        }
      }),
    );
  });
});
