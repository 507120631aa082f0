import { expect, test } from 'vitest';
import { upArguments } from './up-arguments.ts';

const root = '/checkout';
const data = ['--data', '/checkout/.data'];

test.each([
  [[], [...data, root]],
  [
    ['a', 'b'],
    [...data, 'a', 'b'],
  ],
  [['--json'], [...data, '--json', root]],
  [
    ['-v', 'a'],
    [...data, '-v', 'a'],
  ],
  [
    ['--interval', '5s'],
    [...data, '--interval', '5s', root],
  ],
  [
    ['--interval=5s', 'a'],
    [...data, '--interval=5s', 'a'],
  ],
  [
    ['--source-token-file', 'f'],
    [...data, '--source-token-file', 'f', root],
  ],
  [
    ['--data', 'd'],
    ['--data', 'd', root],
  ],
  [
    ['--data=d', 'a'],
    ['--data=d', 'a'],
  ],
  [
    ['--', '-a'],
    [...data, '--', '-a'],
  ],
])('%j becomes %j', (given, expected) => {
  expect(upArguments(given, root, {})).toEqual(expected);
});

test('a data folder in the environment is left to the command', () => {
  expect(upArguments([], root, { GIT_MIRROR_DATA: '/srv' })).toEqual([root]);
});
