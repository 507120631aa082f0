import { describe, expect, it } from 'vitest';
import { parseNoticeUrl } from './notice-url.ts';
import { fittingPatterns } from './trust-domain.ts';

const fits = (pattern: string, url: string): boolean => {
  const at = parseNoticeUrl(url);
  if ('refused' in at) throw new Error(at.refused);
  return fittingPatterns([pattern], at).length > 0;
};

describe('fittingPatterns (M10)', () => {
  it.each([
    ['mirror.example.org', 'https://mirror.example.org/x.git', true],
    ['Mirror.Example.ORG.', 'https://mirror.example.org:8443/x.git', true],
    ['*.example.org', 'https://de.mirror.example.org/x.git', true],
    ['*.example.org', 'https://example.org/x.git', false],
    ['*.example.org', 'https://example.org.evil.example/x.git', false],
    ['*.example.org', 'https://evilexample.org/x.git', false],
    ['mirror.example.org', 'https://mirror.example.org.evil.example/', false],
    ['mirror.example.org:8443', 'https://mirror.example.org:8443/x.git', true],
    ['mirror.example.org:8443', 'https://mirror.example.org/x.git', false],
    ['mirror.example.org:443', 'https://mirror.example.org/x.git', true],
    ['mirror.example.org:443', 'http://mirror.example.org/x.git', false],
    ['*.example.org:80', 'http://de.example.org/x.git', true],
    ['[2001:db8::1]:8443', 'https://[2001:db8::1]:8443/x.git', true],
    ['2001:db8::1', 'https://[2001:db8::1]/x.git', true],
    ['[2001:db8::1]', 'https://[2001:db8::2]/x.git', false],
    ['', 'https://mirror.example.org/x.git', false],
  ])('%j and %s: %s', (pattern, url, expected) => {
    expect(fits(pattern, url)).toBe(expected);
  });
});
