import { expect, test } from 'vitest';
import { isFetchSummary, NoticeFilter } from './notice-filter.ts';

const text = [
  'remote: Counting objects: 50%\rremote: Counting objects: 100%\n',
  'From https://example.org/x\n',
  ` * branch            ${'1'.repeat(40)} -> FETCH_HEAD\n`,
  'fatal: no such thing',
].join('');
const shown = 'remote: Counting objects: 50%\rremote: Counting objects: 100%\nfatal: no such thing';

test.each([1, 2, 7, text.length])('leaves out the summary of a fetch, in pieces of %i', (size) => {
  let output = '';
  const filter = new NoticeFilter(isFetchSummary, (piece) => {
    output += piece;
  });
  for (let at = 0; at < text.length; at += size) filter.add(text.slice(at, at + size));
  filter.close();
  expect(output).toBe(shown);
});

test('passes progress on before its line ends', () => {
  let output = '';
  const filter = new NoticeFilter(isFetchSummary, (piece) => {
    output += piece;
  });
  filter.add('Receiving objects: 1%\rReceiving');
  expect(output).toBe('Receiving objects: 1%\r');
});

test.each(['fatal: /path', 'remote: https://example.org/x', 'error: a/b', 'warning: x'])('shows %j', (line) => {
  expect(isFetchSummary(line)).toBe(false);
});

test.each(['From /srv/x', 'Von https://example.org/x', 'From host:x'])('leaves out %j', (line) => {
  expect(isFetchSummary(line)).toBe(true);
});
