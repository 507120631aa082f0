import { describe, expect, it } from 'vitest';
import { guessDirectory } from './guess-directory.ts';

describe('guessDirectory', () => {
  // As t5603 of git has them.
  it.each([
    ['host:foo', 'foo'],
    ['host:foo.git', 'foo'],
    ['ssh://host/foo/', 'foo'],
    ['ssh://host/foo/.git', 'foo'],
    ['https://me:secret@host/foo.git///', 'foo'],
    ['ssh://user@host:1234/', 'host'],
    ['ssh://host', 'host'],
    ['user@host:', 'host'],
    ['https://host/a b.git', 'a b'],
    ['ssh://host/~user/foo', 'foo'],
    ['/foo/bar:2222.git', '2222'],
    ['https://host/..', undefined],
  ])('of %s is %s', (url, directory) => {
    expect(guessDirectory(url, false)).toBe(directory);
    if (directory !== undefined) expect(guessDirectory(url, true)).toBe(`${directory}.git`);
  });
});
