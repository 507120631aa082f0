import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes, decodeUtf8, encodeUtf8 } from '../core/bytes.ts';
import type { ObjectId } from '../core/object-id.ts';
import { fractions, lineText, listCapability, objectFormat, objectId, refName } from '../../test/wire/arbitraries.ts';
import { decodeMessage, feedings, packetsIn, pktLines } from '../../test/wire/chunking.ts';
import {
  decodeLsRefsLine,
  decodeLsRefsRequest,
  encodeLsRefsLine,
  encodeLsRefsRequest,
  LsRefsDecoder,
} from './ls-refs.ts';
import type { LsRefsRequest, LsRefsResult } from './ls-refs.ts';
import { PacketWriter } from './pkt-line.ts';

const a = 'a'.repeat(40) as ObjectId;
const b = 'b'.repeat(40) as ObjectId;

function read(...lines: string[]): LsRefsResult {
  return decodeMessage(new LsRefsDecoder('sha1'), [pktLines(...lines)]);
}

describe('ls-refs request', () => {
  const request: fc.Arbitrary<LsRefsRequest> = fc.record({
    capabilities: fc.array(listCapability),
    prefixes: fc.array(lineText),
    peel: fc.boolean(),
    symrefs: fc.boolean(),
    unborn: fc.boolean(),
  });

  it('reads back what was encoded, however it is cut', () => {
    fc.assert(
      fc.property(request, fractions, (original, cuts) => {
        for (const chunks of feedings(encodeLsRefsRequest(original), cuts)) {
          expect(decodeLsRefsRequest(packetsIn(chunks))).toEqual(original);
        }
      }),
    );
  });

  it('is written as git writes it', () => {
    const bytes = encodeLsRefsRequest({
      capabilities: ['agent=x/1'],
      prefixes: ['HEAD', 'refs/heads/'],
      peel: true,
      symrefs: true,
      unborn: false,
    });
    expect(decodeUtf8(bytes)).toBe(
      '0014command=ls-refs\n000eagent=x/1\n00010009peel\n000csymrefs\n0014ref-prefix HEAD\n001bref-prefix refs/heads/\n0000',
    );
  });

  it.each([
    ['an unknown argument', ['command=ls-refs', '0001', 'pell', '0000']],
    ['another command', ['command=fetch', '0001', '0000']],
    ['no command', ['agent=x', '0001', '0000']],
    ['two commands', ['command=ls-refs', 'command=ls-refs', '0000']],
    ['two delimiters', ['command=ls-refs', '0001', '0001', '0000']],
    ['a response end', ['command=ls-refs', '0002', '0000']],
    ['no flush', ['command=ls-refs', '0001', 'peel']],
    ['the empty request', ['0000']],
  ])('refuses %s', (_, lines) => {
    expect(() => decodeLsRefsRequest(packetsIn([pktLines(...lines)]))).toThrow(
      expect.objectContaining({ code: 'GM_PROTOCOL' }),
    );
  });
});

describe('ls-refs answer', () => {
  it('reads back what was encoded, however it is cut', () => {
    const refs = objectFormat.chain((format) =>
      fc.record({
        format: fc.constant(format),
        refs: fc.array(
          fc.record(
            { name: refName, oid: objectId(format), peeled: objectId(format), symrefTarget: refName },
            { requiredKeys: ['name', 'oid'] },
          ),
        ),
        unborn: fc.array(
          fc.record(
            { unborn: fc.constant<true>(true), name: refName, symrefTarget: refName },
            { requiredKeys: ['unborn', 'name'] },
          ),
          { maxLength: 2 },
        ),
      }),
    );
    fc.assert(
      fc.property(refs, fractions, ({ format, ...original }, cuts) => {
        const writer = new PacketWriter();
        for (const ref of [...original.unborn, ...original.refs]) writer.line(encodeLsRefsLine(ref));
        for (const chunks of feedings(writer.flush().finish(), cuts)) {
          const result = decodeMessage(new LsRefsDecoder(format), chunks);
          expect(result).toEqual({ ...original, invalidRefs: [], invalidRefCount: 0 });
        }
      }),
      { numRuns: 60 },
    );
  });

  it('finds HEAD, born or not, and passes over unknown attributes', () => {
    const born = read(`${a} HEAD symref-target:refs/heads/main new:thing`, `${b} refs/tags/t x peeled:${a}`, '0000');
    expect(born.head).toBe('refs/heads/main');
    expect(born.refs).toEqual([
      { name: 'HEAD', oid: a, symrefTarget: 'refs/heads/main' },
      { name: 'refs/tags/t', oid: b, peeled: a },
    ]);
    const unborn = read('unborn HEAD symref-target:refs/heads/trunk', '0000');
    expect(unborn).toMatchObject({ head: 'refs/heads/trunk', refs: [], unborn: [{ unborn: true, name: 'HEAD' }] });
  });

  it('leaves out what is not legal and says so', () => {
    const result = read(
      `${a} refs/heads/a..b`,
      `${a} HEAD symref-target:refs/../../etc`,
      `${'0'.repeat(40)} refs/heads/zero`,
      'unborn ',
      `${a} `,
      '0000',
    );
    expect(result.refs).toEqual([{ name: 'HEAD', oid: a }]);
    expect(result.head).toBeUndefined();
    expect(result.invalidRefs.map((ref) => ref.name)).toEqual(['refs/heads/a..b', 'refs/heads/zero', '', '']);
  });

  it('tells apart a name that is not UTF-8', () => {
    const payload = concatBytes([encodeUtf8(`${a} refs/heads/`), Uint8Array.of(0xff)]);
    expect(decodeLsRefsLine(payload, 'sha1')).toMatchObject({ invalid: true });
  });

  it.each([['hello'], [a], [`${'a'.repeat(64)} refs/heads/x`], [`${a} refs/tags/t peeled:abc`], ['']])(
    'refuses the line %j',
    (line) => {
      expect(() => read(line, '0000')).toThrow(expect.objectContaining({ code: 'GM_PROTOCOL' }));
    },
  );

  it('refuses markers that have no place, an early end, an error packet, and too much', () => {
    expect(() => read('0001')).toThrow(expect.objectContaining({ code: 'GM_PROTOCOL' }));
    expect(() => new LsRefsDecoder('sha1').result()).toThrow(expect.objectContaining({ code: 'GM_PROTOCOL' }));
    expect(() => read('ERR access denied', '0000')).toThrow(
      expect.objectContaining({ code: 'GM_REMOTE', details: { remoteText: 'access denied' } }),
    );
    const bounded = new LsRefsDecoder('sha1', { maxRefs: 1 });
    const bytes = pktLines(`${a} refs/heads/x`, 'unborn HEAD', '0000');
    expect(() => decodeMessage(bounded, [bytes])).toThrow(expect.objectContaining({ code: 'GM_LIMIT' }));
  });
});
