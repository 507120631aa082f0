import { describe, expect, it } from 'vitest';
import { repositoryKey } from './repository-key.ts';

describe('M6: repositoryKey', () => {
  it.each([
    ['https://host.example/a/x.git', 'https://HOST.example:443/a/x/'],
    ['https://user:secret@host.example/a/x', 'https://host.example/a/x.git'],
    ['git@host.example:a/x.git', 'ssh://host.example/a/x'],
    ['ssh://host.example:22/a/x', 'ssh://other@host.example/a/x'],
    ['git://host.example/a', 'git://host.example:9418/a.git/'],
  ])('is the same for %s and %s', (left, right) => {
    expect(repositoryKey(left)).toBeDefined();
    expect(repositoryKey(left)).toBe(repositoryKey(right));
  });

  it.each([
    ['https://host.example/a', 'http://host.example/a'],
    ['https://host.example/a', 'https://host.example:8443/a'],
    ['https://host.example/a', 'https://host.example/A'],
    ['https://host.example/a?r=1', 'https://host.example/a?r=2'],
  ])('differs for %s and %s', (left, right) => {
    expect(repositoryKey(left)).not.toBe(repositoryKey(right));
  });

  it.each(['/srv/git/x.git', 'file:///srv/x.git', '', 'https://', 'x://y/z', `https://h/${'x'.repeat(3000)}`])(
    'is nothing for %s',
    (url) => {
      expect(repositoryKey(url)).toBeUndefined();
    },
  );
});
