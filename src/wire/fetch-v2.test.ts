import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeUtf8 } from '../core/bytes.ts';
import type { ObjectFormat, ObjectId } from '../core/object-id.ts';
import { fractions, lineText, objectFormat, objectId, refName } from '../../test/wire/arbitraries.ts';
import { feedings, packetsIn, pktLines } from '../../test/wire/chunking.ts';
import { decodeFetchRequest, encodeFetchSections } from './fetch-v2-server.ts';
import type { DecodedFetchRequest } from './fetch-v2-server.ts';
import { encodeFetchRequest, FetchResponseDecoder } from './fetch-v2.ts';
import type { FetchResponseState, FetchSections } from './fetch-v2.ts';
import { encodeSideband } from './sideband.ts';

const a = 'a'.repeat(40) as ObjectId;
const b = 'b'.repeat(40) as ObjectId;

function protocolError(run: () => unknown): void {
  expect(run).toThrow(expect.objectContaining({ code: 'GM_PROTOCOL' }));
}

interface Answer {
  readonly sections: FetchSections;
  readonly state: FetchResponseState;
  /** Packets behind the sections. */
  readonly left: number;
}

function readAnswer(
  chunks: readonly Uint8Array[],
  options: { format?: ObjectFormat; sidebandAll?: boolean; maxLines?: number } = {},
): Answer {
  const { format = 'sha1', ...rest } = options;
  const decoder = new FetchResponseDecoder(format, rest);
  const packets = packetsIn(chunks);
  const last = packets.findIndex((packet) => decoder.push(packet) !== 'sections');
  if (last < 0) decoder.end();
  return { sections: decoder.result(), state: decoder.state, left: packets.length - 1 - last };
}

describe('fetch request', () => {
  const request = objectFormat.chain((format) => {
    const oids = fc.array(objectId(format), { maxLength: 4 });
    const flag = fc.boolean();
    return fc.record(
      {
        capabilities: fc.constant([`object-format=${format}`, 'agent=x/1', 'server-option=a b']),
        wants: oids,
        wantRefs: fc.uniqueArray(refName, { maxLength: 3 }),
        haves: oids,
        shallow: oids,
        deepenNot: fc.array(lineText.filter((text) => text !== '')),
        packfileUris: fc.constantFrom<string[]>([], ['https'], ['http', 'https']),
        done: flag,
        thinPack: flag,
        noProgress: flag,
        includeTag: flag,
        ofsDelta: flag,
        deepenRelative: flag,
        sidebandAll: flag,
        waitForDone: flag,
        deepen: fc.integer({ min: 1, max: 0x7fff_ffff }),
        deepenSince: fc.integer({ min: 0, max: 4_000_000_000 }),
        filter: fc.constantFrom('blob:none', 'tree:0', 'combine:tree:1+blob:limit=10'),
      },
      {
        requiredKeys: [
          ...(['capabilities', 'wants', 'wantRefs', 'haves', 'shallow', 'deepenNot', 'packfileUris', 'done'] as const),
          ...(['thinPack', 'noProgress', 'includeTag', 'ofsDelta', 'deepenRelative'] as const),
          ...(['sidebandAll', 'waitForDone'] as const),
        ],
      },
    );
  });

  it('reads back what was encoded, however it is cut', () => {
    fc.assert(
      fc.property(request, fractions, (original, cuts) => {
        const format = original.capabilities[0] === 'object-format=sha1' ? 'sha1' : 'sha256';
        for (const chunks of feedings(encodeFetchRequest(original), cuts)) {
          expect(decodeFetchRequest(packetsIn(chunks), format)).toEqual(original);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('is written as git writes it', () => {
    const bytes = encodeFetchRequest({
      capabilities: ['agent=x/1', 'object-format=sha1'],
      wants: [a],
      haves: [b],
      thinPack: true,
      ofsDelta: true,
      deepen: 1,
      filter: 'tree:0',
      done: true,
    });
    expect(decodeUtf8(bytes)).toBe(
      '0012command=fetch\n' +
        '000eagent=x/1\n0017object-format=sha1\n0001' +
        '000ethin-pack\n000eofs-delta\n000ddeepen 1\n0012filter tree:0\n' +
        `0032want ${a}\n0032have ${b}\n0009done\n0000`,
    );
  });

  const read = (...args: string[]): DecodedFetchRequest =>
    decodeFetchRequest(packetsIn([pktLines('command=fetch', '0001', ...args, '0000')]), 'sha1');

  it.each([
    ['want'],
    ['want x'],
    [`want ${a} more`],
    [`want ${'a'.repeat(64)}`],
    ['have '],
    ['shallow x'],
    ['deepen 0'],
    ['deepen -1'],
    ['deepen 1e3'],
    ['deepen 2147483648'],
    ['deepen 99999999999999999999'],
    ['deepen-since yesterday'],
    ['want-ref refs/heads/../x'],
    ['done now'],
    ['unknown'],
    ['unknown value'],
    [''],
  ])('refuses the argument %j', (arg) => {
    protocolError(() => read(arg));
  });

  it('refuses twice what may come once', () => {
    protocolError(() => read('filter tree:0', 'filter blob:none'));
    protocolError(() => read('packfile-uris https', 'packfile-uris http'));
    protocolError(() => read('want-ref refs/heads/x', 'want-ref refs/heads/x'));
  });

  it('refuses another hash function, and too much', () => {
    const packets = packetsIn([
      pktLines('command=fetch', 'object-format=sha256', '0001', `want ${a}`, `want ${b}`, '0000'),
    ]);
    expect(() => decodeFetchRequest(packets, 'sha1')).toThrow(expect.objectContaining({ code: 'GM_OBJECT_FORMAT' }));
    expect(() => decodeFetchRequest(packets, 'sha1', { maxLines: 2 })).toThrow(
      expect.objectContaining({ code: 'GM_LIMIT' }),
    );
  });
});

describe('fetch answer', () => {
  const answer = fc.tuple(objectFormat, fc.boolean()).chain(([format, packfile]) => {
    const oids = fc.array(objectId(format), { maxLength: 4 });
    const acknowledgments = fc.record({ acks: oids, nak: fc.boolean(), ready: fc.constant(packfile) });
    const others = {
      shallowInfo: fc.record({ shallow: oids, unshallow: oids }),
      wantedRefs: fc.array(fc.record({ oid: objectId(format), name: refName }), { maxLength: 3 }),
      packfileUris: fc.array(
        fc.record({ hash: objectId('sha1'), uri: fc.constantFrom('https://x/pack-1', 'https://y/?q=a%20b') }),
        { maxLength: 3 },
      ),
    };
    const sections: fc.Arbitrary<FetchSections> = packfile
      ? fc.record({ acknowledgments, ...others }, { requiredKeys: [] })
      : fc.record({ acknowledgments });
    return fc.record({ format: fc.constant(format), packfile: fc.constant(packfile), sections });
  });

  it('reads back what was encoded, however it is cut', () => {
    fc.assert(
      fc.property(answer, fc.boolean(), fractions, ({ format, packfile, sections }, sidebandAll, cuts) => {
        const bytes = encodeFetchSections(sections, { packfile, sidebandAll });
        for (const chunks of feedings(bytes, cuts)) {
          expect(readAnswer(chunks, { format, sidebandAll })).toEqual({
            sections,
            state: packfile ? 'packfile' : 'acknowledgments-end',
            left: 0,
          });
        }
      }),
      { numRuns: 60 },
    );
  });

  it('takes sections in the order of the documentation as well as in that of git', () => {
    const wanted = ['wanted-refs', `${a} refs/heads/x`, '0001'];
    const shallow = ['shallow-info', `shallow ${a}`, `unshallow ${b}`, '0001'];
    for (const lines of [
      [...wanted, ...shallow],
      [...shallow, ...wanted],
    ]) {
      expect(readAnswer([pktLines(...lines, 'packfile')]).sections).toEqual({
        shallowInfo: { shallow: [a], unshallow: [b] },
        wantedRefs: [{ oid: a, name: 'refs/heads/x' }],
      });
    }
  });

  it('leaves what follows the sections alone', () => {
    expect(readAnswer([pktLines('packfile', '\u0001PACK', '0000')])).toEqual({
      sections: {},
      state: 'packfile',
      left: 2,
    });
    const decoder = new FetchResponseDecoder('sha1');
    for (const packet of packetsIn([pktLines('packfile')])) decoder.push(packet);
    expect(() => decoder.push({ type: 'flush' })).toThrow(expect.objectContaining({ code: 'GM_INTERNAL' }));
  });

  it.each([
    ['an unknown section', ['surprise', '0001', 'packfile']],
    ['a section twice', ['shallow-info', '0001', 'shallow-info', '0001', 'packfile']],
    ['no section', ['0000']],
    ['a delimiter first', ['0001']],
    ['a response end', ['acknowledgments', '0002']],
    ['a pack that was promised and does not come', ['acknowledgments', 'ready', '0000']],
    ['a pack that was not promised', ['acknowledgments', 'NAK', '0001', 'packfile']],
    ['a flush behind shallow-info', ['shallow-info', '0000']],
    ['an early end', ['acknowledgments', 'NAK']],
    ['an acknowledgment that is none', ['acknowledgments', 'ACK']],
    ['an acknowledgment of another format', ['acknowledgments', `ACK ${'a'.repeat(64)}`]],
    ['a shallow line that is none', ['shallow-info', `shadow ${a}`]],
    ['a wanted ref with an illegal name', ['wanted-refs', `${a} refs/heads/..`]],
    ['a pack URI with control characters', ['packfile-uris', `${a} https://x/\u001b[2J`]],
    ['a pack URI without hash', ['packfile-uris', 'https://x']],
  ])('refuses %s', (_, lines) => {
    protocolError(() => readAnswer([pktLines(...lines)]));
  });

  it('hands on the words of an error packet', () => {
    for (const front of [[], ['acknowledgments'], ['shallow-info']]) {
      expect(() => readAnswer([pktLines(...front, 'ERR upload-pack: not our ref')])).toThrow(
        expect.objectContaining({ code: 'GM_REMOTE', details: { remoteText: 'upload-pack: not our ref' } }),
      );
    }
  });

  it('reads progress, keepalives and errors among the sections of sideband-all', () => {
    const decoder = new FetchResponseDecoder('sha1', { sidebandAll: true });
    const lines = ['\u0001acknowledgments', '\u0002working', '\u0001ready', '0001', '\u0002almost', '\u0001packfile'];
    for (const packet of packetsIn([pktLines(...lines)])) decoder.push(packet);
    expect(decoder.state).toBe('packfile');
    expect(decoder.takeMessages()).toEqual(['working', 'almost']);
    const keepalive = Buffer.concat([...encodeSideband(2, new Uint8Array(0)), ...encodeSideband(1, new Uint8Array(0))]);
    expect(readAnswer([keepalive, pktLines('\u0001packfile')], { sidebandAll: true }).state).toBe('packfile');
    expect(() => readAnswer([pktLines('\u0003unknown ref')], { sidebandAll: true })).toThrow(
      expect.objectContaining({ code: 'GM_REMOTE', details: { remoteText: 'unknown ref' } }),
    );
    protocolError(() => readAnswer([pktLines('packfile')], { sidebandAll: true }));
  });

  it('is bounded', () => {
    const lines = ['acknowledgments', `ACK ${a}`, `ACK ${b}`, '0000'];
    expect(readAnswer([pktLines(...lines)], { maxLines: 3 }).state).toBe('acknowledgments-end');
    const limit = expect.objectContaining({ code: 'GM_LIMIT' }) as Error;
    expect(() => readAnswer([pktLines(...lines)], { maxLines: 2 })).toThrow(limit);
    const uris = Array<string>(2000).fill(`${a} https://x`);
    expect(() => readAnswer([pktLines('packfile-uris', ...uris)])).toThrow(limit);
  });

  it('is not written when it contradicts itself', () => {
    const acknowledgments = { acks: [], nak: true, ready: false };
    for (const [sections, packfile] of [
      [{}, false],
      [{ acknowledgments }, true],
      [{ acknowledgments: { ...acknowledgments, ready: true } }, false],
    ] as const) {
      expect(() => encodeFetchSections(sections, { packfile })).toThrow(
        expect.objectContaining({ code: 'GM_INTERNAL' }),
      );
    }
  });
});
