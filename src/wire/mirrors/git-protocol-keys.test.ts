import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isGitMirrorError } from '../../core/error.ts';
import { decodeMirrorKeys, encodeMirrorKeys, splitGitProtocol } from './git-protocol-keys.ts';
import { mirrorLimits } from './mirror-limits.ts';

const url = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 60 })
  .filter((text) => text.isWellFormed() && !/[\u0000-\u001f\u007f-\u009f\ufffd]/.test(text));

describe('M6: keys of Git-Protocol', () => {
  it('reads back what was encoded, among other keys', () => {
    fc.assert(
      fc.property(fc.boolean(), fc.option(url, { nil: undefined }), (asksForMirrors, named) => {
        const keys = encodeMirrorKeys({ asksForMirrors, url: named });
        expect(keys).toMatch(/^[!-~]*$/);
        for (const value of [keys, `version=2:${keys}`, `version=2, ${keys}:x=1`]) {
          expect(decodeMirrorKeys(value)).toEqual({ asksForMirrors, url: named });
        }
      }),
    );
  });

  it('writes colons, percent signs and blanks as % and two digits', () => {
    expect(encodeMirrorKeys({ asksForMirrors: true, url: 'https://o:8443/a b%20,c' })).toBe(
      'mirror:url=https%3A//o%3A8443/a%20b%2520,c',
    );
  });

  it('is not misled by what is none of them', () => {
    expect(decodeMirrorKeys('version=2')).toEqual({ asksForMirrors: false, url: undefined });
    expect(decodeMirrorKeys('mirrors:mirror=1:xurl=a:version=1')).toEqual({ asksForMirrors: false, url: undefined });
    expect(splitGitProtocol('version=2, version=2:mirror')).toEqual(['version=2', 'version=2', 'mirror']);
  });

  it('takes the last of several URLs', () => {
    expect(decodeMirrorKeys('url=a:url=b').url).toBe('b');
  });

  it.each([
    ['an empty one', 'url='],
    ['a control character', 'url=https%3A//o/%0a'],
    ['half an escape', 'url=https%3A//o/%4'],
    ['no UTF-8', 'url=%ff'],
    ['too long a one', `url=${'o'.repeat(mirrorLimits.maxUrlLength + 1)}`],
  ])('refuses a URL that is none: %s', (_what, value) => {
    expect(() => decodeMirrorKeys(value)).toThrow(/the key url of Git-Protocol holds no URL/);
  });

  it('makes keys or an error of anything', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        try {
          decodeMirrorKeys(`url=${text}`);
        } catch (error) {
          if (!isGitMirrorError(error, 'GM_PROTOCOL')) throw error;
        }
      }),
    );
  });
});
