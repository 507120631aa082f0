import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeUtf8, encodeUtf8 } from '../core/bytes.ts';
import type { ObjectFormat, ObjectId } from '../core/object-id.ts';
import { fractions, listCapability, objectFormat, objectId } from '../../test/wire/arbitraries.ts';
import { feedings, packetsIn, pktLines } from '../../test/wire/chunking.ts';
import type { Packet } from './pkt-line.ts';
import {
  decodeNegotiationLine,
  decodeUploadRequest,
  encodeAckLine,
  encodeShallowLine,
} from './upload-pack-v0-server.ts';
import type { DecodedUploadRequest } from './upload-pack-v0-server.ts';
import {
  decodeAckLine,
  decodeShallowLine,
  encodeDone,
  encodeHaveLines,
  encodeUploadRequest,
} from './upload-pack-v0.ts';
import type { AckLine, ShallowLine } from './upload-pack-v0.ts';

const a = 'a'.repeat(40) as ObjectId;
const b = 'b'.repeat(40) as ObjectId;

function iterate(packets: readonly Packet[]): Iterator<Packet> {
  return packets[Symbol.iterator]();
}

function payloadOf(bytes: Uint8Array): Uint8Array {
  const [packet] = packetsIn([bytes]);
  if (packet?.type !== 'data') throw new Error('expected data');
  return packet.payload;
}

function readRequest(lines: readonly string[], format: ObjectFormat = 'sha1'): DecodedUploadRequest | undefined {
  return decodeUploadRequest(iterate(packetsIn([pktLines(...lines)])), format);
}

describe('upload request', () => {
  const request = objectFormat.chain((format) =>
    fc.record(
      {
        wants: fc.array(objectId(format), { minLength: 1, maxLength: 5 }),
        capabilities: fc.array(listCapability).map((items) => [`object-format=${format}`, ...items]),
        shallows: fc.array(objectId(format), { maxLength: 3 }),
        deepenNot: fc.array(fc.constantFrom('refs/heads/x', 'v1.0'), { maxLength: 2 }),
        depth: fc.integer({ min: 1, max: 0x7fff_ffff }),
        deepenSince: fc.integer({ min: 0, max: 4_000_000_000 }),
        filter: fc.constantFrom('blob:none', 'combine:tree:1+blob:limit=10'),
      },
      { requiredKeys: ['wants', 'capabilities', 'shallows', 'deepenNot'] },
    ),
  );

  it('reads back what was encoded, however it is cut, and stops at the flush', () => {
    fc.assert(
      fc.property(request, fractions, (original, cuts) => {
        const format = original.wants[0]?.length === 40 ? 'sha1' : 'sha256';
        for (const chunks of feedings(encodeUploadRequest(original), cuts)) {
          const packets = iterate(packetsIn([...chunks, encodeDone()]));
          expect(decodeUploadRequest(packets, format)).toEqual(original);
          expect(packets.next().value).toMatchObject({ type: 'data' });
          expect(packets.next().done).toBe(true);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('is written as gitprotocol-pack shows it', () => {
    const bytes = encodeUploadRequest({ wants: [a, b], capabilities: ['multi_ack', 'side-band-64k', 'ofs-delta'] });
    expect(decodeUtf8(bytes)).toBe(`0054want ${a} multi_ack side-band-64k ofs-delta\n0032want ${b}\n0000`);
    expect(decodeUtf8(encodeUploadRequest({ wants: [a], capabilities: [] }))).toBe(`0032want ${a}\n0000`);
  });

  it('knows the flush with which a client leaves', () => {
    expect(readRequest(['0000'])).toBeUndefined();
  });

  it.each([
    ['no want', [`shallow ${a}`, '0000']],
    ['no flush', [`want ${a}`]],
    ['a delimiter', [`want ${a}`, '0001']],
    ['an unknown line', [`want ${a}`, 'hello', '0000']],
    ['a have before the flush', [`want ${a}`, `have ${a}`, '0000']],
    ['a name that is too short', [`want ${a.slice(2)}`, '0000']],
    ['capabilities on the second want', [`want ${a}`, `want ${b} ofs-delta`, '0000']],
    ['a depth of zero', [`want ${a}`, 'deepen 0', '0000']],
    ['two filters', [`want ${a}`, 'filter tree:0', 'filter tree:1', '0000']],
    ['a shallow line without name', [`want ${a}`, 'shallow', '0000']],
  ])('refuses %s', (_, lines) => {
    expect(() => readRequest(lines)).toThrow(expect.objectContaining({ code: 'GM_PROTOCOL' }));
  });

  it('refuses another hash function, and too much, and to want nothing', () => {
    expect(() => readRequest([`want ${a} object-format=sha256`, '0000'])).toThrow(
      expect.objectContaining({ code: 'GM_OBJECT_FORMAT' }),
    );
    const packets = packetsIn([pktLines(`want ${a}`, `want ${b}`, '0000')]);
    expect(() => decodeUploadRequest(iterate(packets), 'sha1', { maxLines: 1 })).toThrow(
      expect.objectContaining({ code: 'GM_LIMIT' }),
    );
    expect(() => encodeUploadRequest({ wants: [], capabilities: [] })).toThrow(
      expect.objectContaining({ code: 'GM_INTERNAL' }),
    );
  });
});

describe('negotiation', () => {
  it('reads back haves and done', () => {
    fc.assert(
      fc.property(
        objectFormat.chain((format) => fc.tuple(fc.constant(format), fc.array(objectId(format)))),
        ([format, haves]) => {
          const packets = packetsIn([encodeHaveLines(haves), encodeDone()]);
          const lines = packets.map(
            (packet) => packet.type === 'data' && decodeNegotiationLine(packet.payload, format),
          );
          expect(lines).toEqual([...haves.map((oid) => ({ kind: 'have', oid })), { kind: 'done' }]);
        },
      ),
    );
  });

  it.each(['', 'done ', 'have', 'have x', `want ${a}`, `have ${'a'.repeat(64)}`])('refuses the line %j', (line) => {
    expect(() => decodeNegotiationLine(encodeUtf8(line), 'sha1')).toThrow(
      expect.objectContaining({ code: 'GM_PROTOCOL' }),
    );
  });

  it('reads back acknowledgments', () => {
    const lines: AckLine[] = [
      { kind: 'nak' },
      { kind: 'ack', oid: a },
      { kind: 'ack', oid: a, status: 'continue' },
      { kind: 'ack', oid: a, status: 'common' },
      { kind: 'ack', oid: a, status: 'ready' },
    ];
    for (const line of lines) expect(decodeAckLine(payloadOf(encodeAckLine(line)), 'sha1')).toEqual(line);
    expect(decodeUtf8(encodeAckLine({ kind: 'nak' }))).toBe('0008NAK\n');
    expect(decodeUtf8(encodeAckLine({ kind: 'ack', oid: a, status: 'continue' }))).toBe(`003aACK ${a} continue\n`);
  });

  it('reads back shallow lines, with LF or without', () => {
    const lines: ShallowLine[] = [
      { kind: 'shallow', oid: a },
      { kind: 'unshallow', oid: b },
    ];
    for (const line of lines) expect(decodeShallowLine(payloadOf(encodeShallowLine(line)), 'sha1')).toEqual(line);
    expect(decodeShallowLine(encodeUtf8(`shallow ${a}\n`), 'sha1')).toEqual({ kind: 'shallow', oid: a });
  });

  it.each([
    '',
    'ACK',
    'NAK NAK',
    `ACK ${a} `,
    `ACK ${a} maybe`,
    `ACK ${a} common more`,
    `ACK ${'a'.repeat(64)}`,
    'PACK',
  ])('refuses the answer %j', (line) => {
    for (const decode of [decodeAckLine, decodeShallowLine]) {
      expect(() => decode(encodeUtf8(line), 'sha1')).toThrow(expect.objectContaining({ code: 'GM_PROTOCOL' }));
    }
  });

  it('hands on the words of an error packet', () => {
    for (const decode of [decodeAckLine, decodeShallowLine]) {
      expect(() => decode(encodeUtf8('ERR upload-pack: not our ref\n'), 'sha1')).toThrow(
        expect.objectContaining({ code: 'GM_REMOTE', details: { remoteText: 'upload-pack: not our ref' } }),
      );
    }
  });
});
