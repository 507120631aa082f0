import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes, decodeUtf8, encodeUtf8 } from '../core/bytes.ts';
import { limits } from '../core/limits.ts';
import type { ObjectFormat, ObjectId } from '../core/object-id.ts';
import { fractions, listCapability, objectFormat, objectId, refName } from '../../test/wire/arbitraries.ts';
import { decodeMessage, feedings, packetsIn, pktLines } from '../../test/wire/chunking.ts';
import { encodeCapabilityAdvertisement, encodeRefAdvertisement } from './advertisement-server.ts';
import { AdvertisementDecoder } from './advertisement.ts';
import type { Advertisement, AdvertisementDecoderOptions, RefAdvertisement } from './advertisement.ts';
import { Capabilities } from './capabilities.ts';

const a = 'a'.repeat(40) as ObjectId;
const b = 'b'.repeat(40) as ObjectId;
const zero = '0'.repeat(40);

function read(bytes: Uint8Array, options?: AdvertisementDecoderOptions): Advertisement {
  return decodeMessage(new AdvertisementDecoder(options), [bytes]);
}

function readRefs(bytes: Uint8Array, options?: AdvertisementDecoderOptions): RefAdvertisement {
  const advertisement = read(bytes, options);
  if (advertisement.version === 2) throw new Error('expected refs');
  return advertisement;
}

/** Capabilities as lines, so that two advertisements can be compared. */
function comparable(advertisement: Advertisement): unknown {
  return { ...advertisement, capabilities: advertisement.capabilities.formatLines() };
}

const refAdvertisement = objectFormat.chain((format: ObjectFormat) =>
  fc.record({
    version: fc.constantFrom<0 | 1>(0, 1),
    refs: fc.array(
      fc.record({ name: refName, oid: objectId(format), peeled: objectId(format) }, { requiredKeys: ['name', 'oid'] }),
    ),
    capabilities: fc.array(listCapability).map((items) => [`object-format=${format}`, ...items]),
    shallow: fc.array(objectId(format), { maxLength: 3 }),
    extraHaves: fc.array(objectId(format), { maxLength: 3 }),
    objectFormat: fc.constant(format),
  }),
);

describe('AdvertisementDecoder and encodeRefAdvertisement', () => {
  it('read back what was encoded, with and without a service section, however it is cut', () => {
    const service = fc.constantFrom(undefined, 'git-upload-pack' as const, 'git-receive-pack' as const);
    fc.assert(
      fc.property(refAdvertisement, service, fractions, (generated, named, cuts) => {
        const source = { ...generated, capabilities: Capabilities.parseLines(generated.capabilities) };
        const bytes = concatBytes([...encodeRefAdvertisement(source, named === undefined ? {} : { service: named })]);
        for (const chunks of feedings(bytes, cuts)) {
          const result = decodeMessage(new AdvertisementDecoder({ service: named }), chunks);
          expect(comparable(result)).toEqual({ ...generated, invalidRefs: [], invalidRefCount: 0 });
        }
      }),
      { numRuns: 60 },
    );
  });

  it('write many refs in pieces of bounded size', () => {
    function* refs() {
      for (let index = 0; index < 20_000; index += 1) yield { name: `refs/heads/b${index}`, oid: a };
    }
    const source = { version: 0, capabilities: Capabilities.parseList(''), objectFormat: 'sha1' } as const;
    const sizes = Array.from(encodeRefAdvertisement({ ...source, refs: refs() }), (piece) => piece.length);
    expect(sizes.length).toBeGreaterThan(10);
    expect(Math.max(...sizes)).toBeLessThan(66_000);
  });

  it('read the example of gitprotocol-pack', () => {
    const result = readRefs(
      pktLines(
        'version 1',
        `${a} HEAD\0multi_ack thin-pack symref=HEAD:refs/heads/master agent=x/1`,
        `${b} refs/heads/integration`,
        `${a} refs/heads/master`,
        `${b} refs/tags/v1.0`,
        `${a} refs/tags/v1.0^{}`,
        '0000',
      ),
    );
    expect(result).toMatchObject({ version: 1, head: 'refs/heads/master', objectFormat: 'sha1', invalidRefs: [] });
    expect(result.refs).toEqual([
      { name: 'HEAD', oid: a, symrefTarget: 'refs/heads/master' },
      { name: 'refs/heads/integration', oid: b },
      { name: 'refs/heads/master', oid: a },
      { name: 'refs/tags/v1.0', oid: b, peeled: a },
    ]);
  });

  it('read an empty repository, with capabilities or with nothing at all', () => {
    const result = readRefs(
      pktLines(`${zero} capabilities^{}\0report-status symref=HEAD:refs/heads/x`, `shallow ${a}`, '0000'),
    );
    expect(result.refs).toEqual([]);
    expect(result.shallow).toEqual([a]);
    expect(result.head).toBe('refs/heads/x');
    expect(result.capabilities.has('report-status')).toBe(true);
    const silent = readRefs(pktLines('0000'));
    expect(silent.refs).toEqual([]);
    expect(decodeUtf8(concatBytes([...encodeRefAdvertisement(silent)]))).toBe('0000');
  });

  it('keep .have lines apart, also as the first', () => {
    const result = readRefs(pktLines(`${a} .have\0atomic`, `${b} refs/heads/x`, `${b} .have`, '0000'));
    expect(result.extraHaves).toEqual([a, b]);
    expect(result.refs).toEqual([{ name: 'refs/heads/x', oid: b }]);
    expect(result.capabilities.has('atomic')).toBe(true);
  });

  it('leave out names that are not legal, with what they peel to, and say so', () => {
    const illegal = ['refs/heads/../x', 'refs/heads/a b', 'refs/heads/x.lock', 'main', 'refs/heads/\u001b[31mred', ''];
    const result = readRefs(
      pktLines(
        `${a} refs/heads/first\0caps`,
        ...illegal.map((name) => `${a} ${name}`),
        `${a} refs/tags/-:x`,
        `${b} refs/tags/-:x^{}`,
        `${b} refs/tags/lost^{}`,
        `${zero} refs/heads/zero`,
        '0000',
      ),
    );
    expect(result.refs).toEqual([{ name: 'refs/heads/first', oid: a }]);
    expect(result.invalidRefCount).toBe(illegal.length + 3);
    expect(result.invalidRefs.map((ref) => ref.name)).toEqual([
      'refs/heads/../x',
      'refs/heads/a b',
      'refs/heads/x.lock',
      'main',
      'refs/heads/red',
      '',
      'refs/tags/-:x',
      'refs/tags/lost^{}',
      'refs/heads/zero',
    ]);
  });

  it('leave out names that are not UTF-8, since they could not be written back', () => {
    const line = concatBytes([encodeUtf8(`${a} refs/heads/`), Uint8Array.of(0xe4)]);
    const decoder = new AdvertisementDecoder();
    decoder.push({ type: 'data', payload: line });
    decoder.push({ type: 'data', payload: encodeUtf8(`${a} refs/heads/\ufffd`) });
    decoder.push({ type: 'flush' });
    const result = decoder.result();
    expect(result).toMatchObject({ refs: [{ name: 'refs/heads/\ufffd' }], invalidRefCount: 1 });
  });

  it('remember a bounded number of illegal names', () => {
    const lines = Array.from({ length: 500 }, (_, index) => `${a} bad${index}`);
    const result = readRefs(pktLines(...lines, '0000'));
    expect(result.invalidRefs).toHaveLength(limits.maxInvalidRefs);
    expect(result.invalidRefCount).toBe(500);
  });

  it('take upper-case object names as lower-case ones', () => {
    const result = readRefs(pktLines(`${a.toUpperCase()} refs/heads/x`, '0000'));
    expect(result.refs).toEqual([{ name: 'refs/heads/x', oid: a }]);
  });

  it('ignore capabilities behind the NUL of a later line, and symrefs that are not legal', () => {
    const symrefs = 'symref=HEAD symref=:x symref=HEAD:../evil symref=refs/heads/l:refs/heads/x';
    const result = readRefs(pktLines(`${a} refs/heads/l\0${symrefs}`, `${b} refs/heads/x\0late`, '0000'));
    expect(result.head).toBeUndefined();
    expect(result.refs).toEqual([
      { name: 'refs/heads/l', oid: a, symrefTarget: 'refs/heads/x' },
      { name: 'refs/heads/x', oid: b },
    ]);
    expect(result.capabilities.has('late')).toBe(false);
  });

  it('read the capabilities of v2', () => {
    const capabilities = Capabilities.parseLines(['agent=a b', 'ls-refs=unborn', 'object-format=sha256']);
    const bytes = encodeCapabilityAdvertisement(capabilities);
    expect(decodeUtf8(bytes)).toMatch(/^000eversion 2\n/);
    for (const preamble of [[], ['# service=git-upload-pack', 'more', '0000']]) {
      const result = read(concatBytes([pktLines(...preamble), bytes]), { service: 'git-upload-pack' });
      expect(comparable(result)).toEqual({
        version: 2,
        objectFormat: 'sha256',
        capabilities: capabilities.formatLines(),
      });
    }
  });

  it('hand on the words of an error packet, printable, at any place', () => {
    const error = 'ERR no such\u001b[2J repository';
    for (const front of [[], ['# service=git-upload-pack'], ['version 2'], ['version 1'], [`${a} refs/heads/x`]]) {
      expect(() => read(pktLines(...front, error, '0000'))).toThrow(
        expect.objectContaining({ code: 'GM_REMOTE', details: { remoteText: 'no such repository' } }),
      );
    }
  });

  const v2 = ['version 2', 'fetch'];
  it.each([
    ['another service', pktLines('# service=git-receive-pack', '0000', '0000')],
    ['two service sections', pktLines('# service=git-upload-pack', '0000', '# service=git-upload-pack', '0000')],
    ['a service section without end', pktLines('# service=git-upload-pack', ...Array<string>(100).fill('x'), '0000')],
    ['an unknown version', pktLines('version 3', '0000')],
    ['a delimiter', pktLines('0001')],
    ['a delimiter in v2', pktLines(...v2, '0001')],
    ['a response end', pktLines(...v2, '0002')],
    ['no ref', pktLines('hello', '0000')],
    ['a name that is too short', pktLines(`${a.slice(1)} refs/heads/x`, '0000')],
    ['sha256 names without the capability', pktLines(`${'a'.repeat(64)} refs/heads/x`, '0000')],
    ['sha1 names with sha256 announced', pktLines(`${a} refs/heads/x\0object-format=sha256`, '0000')],
    ['a ref behind shallow lines', pktLines(`${a} refs/heads/x`, `shallow ${a}`, `${b} refs/heads/y`, '0000')],
    ['a ref in an empty repository', pktLines(`${zero} capabilities^{}\0`, `${b} refs/heads/y`, '0000')],
    ['capabilities^{} among refs', pktLines(`${a} refs/heads/x`, `${zero} capabilities^{}`, '0000')],
    ['a shallow line without a name', pktLines(`${a} refs/heads/x`, 'shallow x', '0000')],
  ])('refuse %s', (_, bytes) => {
    expect(() => read(bytes, { service: 'git-upload-pack' })).toThrow(expect.objectContaining({ code: 'GM_PROTOCOL' }));
  });

  it('refuse an advertisement that ends early, at every packet', () => {
    for (const bytes of [pktLines(`${a} refs/heads/x`, `${a} refs/heads/y`), pktLines(...v2), pktLines()]) {
      const decoder = new AdvertisementDecoder();
      for (const packet of packetsIn([bytes])) expect(decoder.push(packet)).toBe(false);
      expect(() => decoder.result()).toThrow(expect.objectContaining({ code: 'GM_PROTOCOL' }));
    }
  });

  it('refuse more lines than allowed, of any kind', () => {
    const lines = (line: string, front: string[]) => pktLines(...front, ...Array<string>(5).fill(line), '0000');
    for (const bytes of [
      lines(`${a} refs/heads/x`, []),
      lines(`${a} .have`, []),
      lines(`${a} bad`, []),
      lines(`shallow ${a}`, []),
      lines('=nameless', ['version 2']),
    ]) {
      expect(() => read(bytes, { maxRefs: 4 })).toThrow(expect.objectContaining({ code: 'GM_LIMIT' }));
      expect(() => read(bytes, { maxRefs: 5 })).not.toThrow();
    }
  });

  it('refuse more v2 capabilities than allowed while they come', () => {
    const decoder = new AdvertisementDecoder();
    decoder.push({ type: 'data', payload: encodeUtf8('version 2') });
    const payload = encodeUtf8(`x=${'y'.repeat(60_000)}`);
    const pushMany = () => {
      for (let index = 0; index < 100; index += 1) decoder.push({ type: 'data', payload });
    };
    expect(pushMany).toThrow(expect.objectContaining({ code: 'GM_LIMIT' }));
  });

  it('never fail in another way, whatever comes', () => {
    const line = fc.oneof(
      fc.uint8Array({ maxLength: 80 }),
      fc.constantFrom(`${a} HEAD\0symref`, `${a} x^{}`, 'version 2', '# service=', `shallow ${a}`).map(encodeUtf8),
    );
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        const decoder = new AdvertisementDecoder();
        try {
          for (const payload of lines) decoder.push({ type: 'data', payload });
          decoder.push({ type: 'flush' });
        } catch (error) {
          expect(error).toMatchObject({
            code: expect.stringMatching(/^GM_(PROTOCOL|REMOTE|OBJECT_FORMAT)$/) as string,
          });
        }
      }),
    );
  });
});
