import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nextSyncDelayMs } from './sync-schedule.ts';

const minute = 60_000;

test('the interval varies by a tenth', () => {
  expect(nextSyncDelayMs({ intervalMs: 1000, failures: 0, random: 0 })).toBe(900);
  expect(nextSyncDelayMs({ intervalMs: 1000, failures: 0, random: 1 })).toBe(1100);
});

test('each failure doubles it, up to a quarter of an hour', () => {
  const after = (failures: number) => nextSyncDelayMs({ intervalMs: minute, failures, random: 0.5 });
  expect([1, 2, 3, 4, 5, 50].map(after)).toEqual([1, 2, 4, 8, 15, 15].map((minutes) => minutes * minute));
});

test('an interval longer than that stays what it is', () => {
  expect(nextSyncDelayMs({ intervalMs: 60 * minute, failures: 9, random: 0.5 })).toBe(60 * minute);
});

test('an upstream that asks to be left alone is, within reason', () => {
  const asked = (retryAfterMs: number) => nextSyncDelayMs({ intervalMs: 1000, failures: 1, retryAfterMs, random: 0.5 });
  expect(asked(5 * minute)).toBe(5 * minute);
  expect(asked(1e12)).toBe(60 * minute);
});

test('the delay is always a length of time that a timer takes', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1e9 }),
      fc.nat(),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (ms, failures, random) => {
        const delay = nextSyncDelayMs({ intervalMs: ms, failures, random });
        expect(delay).toBeGreaterThanOrEqual(Math.floor(ms * 0.9));
        expect(delay).toBeLessThanOrEqual(Math.ceil(Math.max(ms, 15 * minute) * 1.1));
      },
    ),
  );
});
