import fc from 'fast-check';
import { expect, test } from 'vitest';
import { applyLineEdits, editLines } from './line-edits.ts';

const lines = fc.array(fc.constantFrom('', '=1', '-1', ' a', 'b', 'c', 'd'), { maxLength: 30 });

test('what was edited comes out', () => {
  fc.assert(
    fc.property(lines, lines, (from, to) => {
      expect(applyLineEdits(from, editLines(from, to))).toEqual(to);
    }),
  );
});

test('lines that both have are only counted', () => {
  expect(editLines(['a', 'b', 'c', 'd'], ['a', 'x', 'c', 'd'])).toEqual(['=1', '-1', ' x', '=2']);
});
