import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { listedUrl, mirrorAnswer, refDigestText } from '../../../test/wire/mirror-arbitraries.ts';
import { encodeUtf8 } from '../../core/bytes.ts';
import { isGitMirrorError } from '../../core/error.ts';
import { decodeMirrorDocument, encodeMirrorDocument } from './mirror-document.ts';
import type { MirrorDocument } from './mirror-document.ts';
import { mirrorLimits } from './mirror-limits.ts';

const document: fc.Arbitrary<MirrorDocument> = fc.record(
  { answer: mirrorAnswer, url: listedUrl, digest: refDigestText },
  { requiredKeys: ['answer'] },
);

function read(value: unknown): MirrorDocument {
  return decodeMirrorDocument(encodeUtf8(JSON.stringify(value)));
}

describe('M5: the document that lists mirrors', () => {
  it('reads back what was encoded', () => {
    fc.assert(
      fc.property(document, (original) => {
        expect(decodeMirrorDocument(encodeUtf8(encodeMirrorDocument(original)))).toEqual(original);
      }),
    );
  });

  it('has the keys that the protocol says', () => {
    const text = encodeMirrorDocument({
      answer: {
        kind: 'list',
        list: {
          canonical: ['https://o/x'],
          prefer: 'never',
          mirrors: [{ url: 'https://a/x', ttlSeconds: 5, state: 'partial' }],
          more: { count: 2, cursor: '1' },
        },
      },
      url: 'http://here/x',
    });
    expect(JSON.parse(text)).toEqual({
      canonical: ['https://o/x'],
      preferMirrors: 'never',
      mirrors: [{ url: 'https://a/x', ttl: 5, state: 'partial' }],
      more: { count: 2, cursor: '1' },
      url: 'http://here/x',
    });
    expect(JSON.parse(encodeMirrorDocument({ answer: { kind: 'not-found', valid: ['https://o/x'] } }))).toEqual({
      notFound: true,
      valid: ['https://o/x'],
    });
  });

  it('passes over keys, URLs and attributes that it does not know, or that make no sense', () => {
    expect(
      read({
        colour: 'red',
        canonical: ['', 'https://o/x', 'https://o/\u0007'],
        preferMirrors: 'often',
        mirrors: [{ url: 7 }, { url: 'https://a/', ttl: '5', stratum: -1, region: 'xx', digest: 'x', state: 'best' }],
        more: { count: 0, cursor: 'c' },
        url: 'a b',
        digest: 'x',
      }),
    ).toEqual({
      answer: { kind: 'list', list: { canonical: ['https://o/x'], prefer: 'now', mirrors: [{ url: 'https://a/' }] } },
    });
  });

  it.each([
    ['no object', []],
    ['null', null],
    ['a list that is none', { mirrors: {} }],
    ['an entry that is none', { mirrors: ['https://a/'] }],
    ['a URL that is no text', { canonical: [1] }],
    ['more that is none', { more: 3 }],
  ])('refuses %s', (_what, value) => {
    expect(() => read(value)).toThrow(/reading the document that lists mirrors/);
  });

  it('refuses what is no JSON, and what is too large', () => {
    expect(() => decodeMirrorDocument(encodeUtf8('<html>'))).toThrow(/no JSON/);
    expect(() => decodeMirrorDocument(new Uint8Array(mirrorLimits.maxDocumentBytes + 1))).toThrow(/bytes/);
  });

  it('keeps no more than it may, and reads no more than it may', () => {
    const list = (length: number): unknown => ({
      mirrors: Array.from({ length }, (_, index) => ({ url: `https://m${index}/` })),
    });
    const { answer } = read(list(mirrorLimits.maxLines));
    expect(answer.kind === 'list' && answer.list.mirrors.length).toBe(mirrorLimits.maxKept);
    expect(() => read(list(mirrorLimits.maxLines + 1))).toThrow(/more than 10000 entries/);
  });

  it('makes a document or an error of anything', () => {
    const value = fc.oneof(
      fc.json(),
      fc.tuple(document, fc.nat(), fc.string({ maxLength: 3 })).map(([original, at, junk]) => {
        const text = encodeMirrorDocument(original);
        const start = at % text.length;
        return text.slice(0, start) + junk + text.slice(start + junk.length);
      }),
    );
    fc.assert(
      fc.property(value, (text) => {
        try {
          const read = decodeMirrorDocument(encodeUtf8(text));
          expect(decodeMirrorDocument(encodeUtf8(encodeMirrorDocument(read)))).toEqual(read);
        } catch (error) {
          if (!isGitMirrorError(error)) throw error;
        }
      }),
    );
  });
});
