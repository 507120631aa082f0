import { expect, test } from 'vitest';
import { displayWidth, padColumns, shortenEnd, shortenMiddle } from './display-width.ts';

test.each([
  ['main', 4],
  ['', 0],
  ['分支', 4],
  ['e\u0301', 1],
  ['👍', 2],
  ['👨‍👩‍👧', 2],
  ['한글-x', 6],
  ['ｆ', 2],
  ['é→…', 3],
])('%j takes %i columns', (text, width) => {
  expect(displayWidth(text)).toBe(width);
});

test('text is cut in the middle, at whole characters', () => {
  expect(shortenMiddle('refs/heads/topic', 9)).toBe('refs…opic');
  expect(shortenMiddle('refs/heads/topic', 16)).toBe('refs/heads/topic');
  expect(shortenMiddle('分支分支', 5)).toBe('分…支');
  expect(shortenMiddle('ae\u0301e\u0301z', 3)).toBe('a…z');
  expect(shortenMiddle('topic', 1)).toBe('…');
  expect(shortenMiddle('topic', 0)).toBe('');
});

test('text is cut at the end and filled up on either side', () => {
  expect(shortenEnd('transfer', 5)).toBe('tran…');
  expect(padColumns('分', 4)).toBe('分  ');
  expect(padColumns('7', 3, 'right')).toBe('  7');
});
