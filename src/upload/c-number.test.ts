import { describe, expect, it } from 'vitest';
import { parseCInt, parseCTimestamp } from './c-number.ts';

describe('numbers as C reads them', () => {
  it.each([
    ['1', 1],
    ['0', 0],
    ['010', 8],
    ['0x1f', 31],
    [' \t7', 7],
    ['-3', -3],
    ['+3', 3],
    ['4294967297', 1],
    ['99999999999999999999', -1],
    ['', undefined],
    ['1 ', undefined],
    ['08', undefined],
    ['one', undefined],
  ])('reads %j as the int %j', (text, value) => {
    expect(parseCInt(text)).toBe(value);
  });

  it.each([
    ['1700000000', 1_700_000_000],
    ['0', 0],
    ['-1', undefined],
    ['99999999999999999999', undefined],
    ['soon', undefined],
  ])('reads %j as the time %j', (text, value) => {
    expect(parseCTimestamp(text)).toBe(value);
  });
});
