import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { comparableUrl } from './comparable-url.ts';

describe('M6: which URLs name the same repository', () => {
  it.each([
    ['https://example.org/a/b.git', 'HTTPS://Example.ORG:443/a/b/'],
    ['https://example.org/a/b', 'https://user:secret@example.org/a/b.git/'],
    ['http://example.org:80/x', 'http://example.org/x'],
    ['git://example.org/x.git', 'git://example.org:9418/x'],
    ['ssh://git@example.org/x.git', 'git@example.org:x'],
    ['ssh://example.org:22/x', 'git+ssh://example.org/x'],
    ['ssh://[::1]:22/x', '[::1]:/x'],
    ['file:///srv/x', '/srv/x/.git/'],
  ])('%s and %s', (left, right) => {
    expect(comparableUrl(left)).toBe(comparableUrl(right));
  });

  it.each([
    ['https://example.org/x', 'http://example.org/x'],
    ['https://example.org/x', 'https://example.org:8443/x'],
    ['https://example.org/x', 'https://example.org/X'],
    ['https://example.org/x?a=1', 'https://example.org/x?a=2'],
    ['https://example.org/x', 'https://example.org.evil.example/x'],
    ['https://example.org@evil.example/x', 'https://example.org/x'],
    ['https://evil.example/@example.org/x', 'https://example.org/x'],
  ])('not %s and %s', (left, right) => {
    expect(comparableUrl(left)).not.toBe(comparableUrl(right));
  });

  it('does not look at slashes and .git at the end', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^(?:https?|ssh|git|file):\/\/[a-z.]{0,8}(?::[0-9]{1,3})?\/[a-z0-9/]{0,20}$/),
        (url) => {
          for (const end of ['/', '//', '.git', '.git/']) expect(comparableUrl(url + end)).toBe(comparableUrl(url));
        },
      ),
    );
  });
});
