import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fractions } from '../../../test/wire/arbitraries.ts';
import { decodeMessage, feedings, packetsIn, pktLines } from '../../../test/wire/chunking.ts';
import { listedUrl, refDigestText } from '../../../test/wire/mirror-arbitraries.ts';
import { decodeUtf8 } from '../../core/bytes.ts';
import { isGitMirrorError } from '../../core/error.ts';
import { decodeCommandRequest } from '../command-request.ts';
import { mirrorLimits } from './mirror-limits.ts';
import type { MirrorNotice, MirrorQuery } from './mirror-list.ts';
import { decodeMirrorNotice, encodeMirrorNotice, NoticeAnswerDecoder } from './mirror-notice.ts';
import { decodeMirrorQuery, encodeMirrorQuery } from './mirror-query.ts';

const digest = '0f'.repeat(32);
const count = fc.integer({ min: 0, max: 0x7fff_ffff });
const query: fc.Arbitrary<MirrorQuery> = fc.record(
  {
    url: listedUrl,
    limit: count,
    after: fc.stringMatching(/^[!-~]{1,40}$/),
    protocols: fc.array(fc.constantFrom('https', 'http', 'ssh', 'git', 'git+ssh'), { minLength: 1, maxLength: 8 }),
  },
  { requiredKeys: [] },
);
const notice: fc.Arbitrary<MirrorNotice> = fc.record(
  {
    at: listedUrl,
    digest: refDigestText,
    ttlSeconds: count,
    signature: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 200 }).filter((text) => text.isWellFormed()),
  },
  { requiredKeys: ['at', 'digest', 'ttlSeconds'] },
);

function argsOf(chunks: readonly Uint8Array[], command: string): readonly string[] {
  const request = decodeCommandRequest(packetsIn(chunks));
  expect(request).toMatchObject({ command, capabilities: ['agent=x/1'] });
  return request?.args ?? [];
}

describe('M5: the request mirrors', () => {
  it('reads back what was encoded, however it is cut', () => {
    fc.assert(
      fc.property(query, fractions, (original, cuts) => {
        for (const chunks of feedings(encodeMirrorQuery(original, ['agent=x/1']), cuts)) {
          expect(decodeMirrorQuery(argsOf(chunks, 'mirrors'))).toEqual(original);
        }
      }),
    );
  });

  it('is written as the protocol says', () => {
    const bytes = encodeMirrorQuery({ url: 'https://o/x', limit: 3, after: 'c', protocols: ['https', 'git'] }, [
      'agent=x',
    ]);
    expect(decodeUtf8(bytes)).toBe(
      '0014command=mirrors\n000cagent=x\n00010014url=https://o/x\n000climit=3\n000cafter=c\n0018protocols=https,git\n0000',
    );
  });

  it.each([
    ['an argument that is not known', 'colour=red', /one of url=, limit=, after=, protocols=, got "colour=red"/],
    ['an argument without a value', 'limit', /one of url=/],
    ['a limit that is no number', 'limit=ten', /a number behind limit=, got "ten"/],
    ['a limit that is too large', 'limit=4294967296', /a number behind limit=/],
    ['an empty URL', 'url=', /a URL behind url=/],
    ['a URL with control characters', 'url=https://o/\u0007', /a URL behind url=/],
    ['a URL that is too long', `url=https://${'o'.repeat(mirrorLimits.maxUrlLength)}`, /a URL behind url=/],
    ['a cursor with blanks', 'after=a b', /a cursor behind after=/],
    ['protocols that are none', 'protocols=https,,git', /names of protocols/],
    ['too many protocols', `protocols=${'git,'.repeat(mirrorLimits.maxProtocols)}git`, /names of protocols/],
  ])('refuses %s', (_what, line, message) => {
    expect(() => decodeMirrorQuery([line])).toThrow(message);
  });

  it('refuses an argument that comes twice', () => {
    expect(() => decodeMirrorQuery(['limit=1', 'limit=2'])).toThrow(/limit= once/);
  });
});

describe('M7: the request mirror-notify', () => {
  it('reads back what was encoded, however it is cut', () => {
    fc.assert(
      fc.property(notice, fractions, (original, cuts) => {
        for (const chunks of feedings(encodeMirrorNotice(original, ['agent=x/1']), cuts)) {
          expect(decodeMirrorNotice(argsOf(chunks, 'mirror-notify'))).toEqual(original);
        }
      }),
    );
  });

  it.each([
    ['no URL', [`digest=${digest}`, 'ttl=5'], /at= is missing/],
    ['no digest', ['at=https://m/x', 'ttl=5'], /digest= is missing/],
    ['no ttl', ['at=https://m/x', `digest=${digest}`], /ttl= is missing/],
    ['a URL with blanks', ['at=https://m/ x', `digest=${digest}`, 'ttl=5'], /a URL behind at=/],
    ['half a digest', ['at=https://m/x', 'digest=0f', 'ttl=5'], /a ref digest behind digest=/],
    ['time that runs backwards', ['at=https://m/x', `digest=${digest}`, 'ttl=-5'], /seconds behind ttl=/],
    ['a signature that is no base64', ['at=https://m/x', `digest=${digest}`, 'ttl=5', 'signature=-'], /base64/],
    [
      'a signature that is too long',
      ['at=https://m/x', `digest=${digest}`, 'ttl=5', `signature=${'AAAA'.repeat(mirrorLimits.maxSignatureBytes)}`],
      /base64/,
    ],
  ])('refuses %s', (_what, lines, message) => {
    expect(() => decodeMirrorNotice(lines)).toThrow(message);
  });

  it('makes a notice or an error of any lines', () => {
    const line = fc.oneof(
      fc.string(),
      fc.tuple(fc.constantFrom('at', 'digest', 'ttl', 'signature'), fc.string()).map((pair) => pair.join('=')),
    );
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        try {
          decodeMirrorNotice(lines);
        } catch (error) {
          if (!isGitMirrorError(error, 'GM_PROTOCOL')) throw error;
        }
      }),
    );
  });

  it('reads the answers', () => {
    const read = (...lines: string[]): unknown => decodeMessage(new NoticeAnswerDecoder(), [pktLines(...lines)]);
    expect(read('ok', '0000')).toEqual({ kind: 'ok' });
    expect(read('colour red', 'ignored', '0000')).toEqual({ kind: 'ignored' });
    expect(read('ERR mirror-notify: not you')).toEqual({ kind: 'refused', reason: 'mirror-notify: not you' });
    expect(() => read('0000')).toThrow(/neither ok nor ignored/);
    expect(() => read('ok', '0001')).toThrow(/delim packet has no place/);
  });
});
