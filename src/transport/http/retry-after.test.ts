import { describe, expect, it } from 'vitest';
import { decodeRetryAfter } from './retry-after.ts';

const now = Date.UTC(2026, 0, 1);

describe('Retry-After', () => {
  it.each([
    ['0', 0],
    [' 120 ', 120_000],
    ['Thu, 01 Jan 2026 00:00:30 GMT', 30_000],
    ['Wed, 31 Dec 2025 00:00:00 GMT', 0],
    [undefined, undefined],
    ['', undefined],
    ['soon', undefined],
    ['-1', undefined],
    ['1.5', undefined],
    ['99999999999', undefined],
    ['2026-01-01', undefined],
  ])('%j means %j ms', (header, expected) => {
    expect(decodeRetryAfter(header, now)).toBe(expected);
  });
});
