import { describe, expect, it } from 'vitest';
import { fitsHost, namesHost } from './host-pattern.ts';

describe('M7: patterns of hosts', () => {
  it.each([
    ['mirror.example.org', 'MIRROR.example.org.', true],
    ['*.example.org', 'a.b.example.org', true],
    ['*.example.org', 'example.org', false],
    ['*.example.org', 'evil-example.org', false],
    ['example.org', 'example.org.evil.test', false],
    ['*', 'anything.test', true],
    ['[::1]', '::1', true],
    ['', 'example.org', false],
  ])('%s and %s: %s', (pattern, host, fits) => {
    expect(fitsHost(pattern, host)).toBe(fits);
  });

  it('only a whole name names a host', () => {
    expect(namesHost('*', 'localhost')).toBe(false);
    expect(namesHost('*.localhost', 'a.localhost')).toBe(false);
    expect(namesHost('LOCALHOST', 'localhost')).toBe(true);
  });
});
