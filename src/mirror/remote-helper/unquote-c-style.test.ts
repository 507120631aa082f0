import { expect, test } from 'vitest';
import { unquoteCStyle } from './unquote-c-style.ts';

test.each([
  ['plain text', 'plain text'],
  ['', ''],
  ['""', ''],
  ['"a b"', 'a b'],
  [String.raw`"tab\tquote\"back\\slash"`, 'tab\tquote"back\\slash'],
  [String.raw`"\303\244"`, '\u00c3\u00a4'],
])('%j is %j', (quoted, text) => {
  expect(unquoteCStyle(quoted)).toBe(text);
});

test.each(['"', '"open', String.raw`"\q"`, String.raw`"\9"`, String.raw`"end\"`, '"a"b"'])('%j is none', (quoted) => {
  expect(unquoteCStyle(quoted)).toBeUndefined();
});
