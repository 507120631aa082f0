import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeUtf8, encodeUtf8 } from '../core/bytes.ts';
import { limits } from '../core/limits.ts';
import type { ObjectFormat, ObjectId } from '../core/object-id.ts';
import { nullOid } from '../core/object-id.ts';
import { fractions, lineText, listCapability, objectFormat, objectId, refName } from '../../test/wire/arbitraries.ts';
import { feedings, packetsIn, pktLines } from '../../test/wire/chunking.ts';
import { encodePacket, PacketDecoder } from './pkt-line.ts';
import type { Packet } from './pkt-line.ts';
import { decodeUpdateRequest, encodeUpdateRequest } from './update-request.ts';
import type { DecodedUpdateRequest } from './update-request.ts';

const a = 'a'.repeat(40) as ObjectId;
const b = 'b'.repeat(40) as ObjectId;

function read(
  packets: readonly Packet[],
  format: ObjectFormat = 'sha1',
  maxLines = 1000,
): DecodedUpdateRequest | undefined {
  return decodeUpdateRequest(packets[Symbol.iterator](), format, { maxLines });
}

describe('update request', () => {
  const request = fc.tuple(objectFormat, fc.boolean()).chain(([format, hasOptions]) => {
    const oid = fc.oneof(objectId(format), fc.constant(nullOid(format)));
    return fc.record({
      commands: fc.array(fc.record({ ref: refName, oldOid: oid, newOid: oid }), { minLength: 1, maxLength: 5 }),
      capabilities: fc
        .array(listCapability)
        .map((items) => [`object-format=${format}`, ...items, ...(hasOptions ? ['push-options'] : [])]),
      shallows: fc.array(objectId(format), { maxLength: 2 }),
      pushOptions: hasOptions ? fc.array(lineText) : fc.constant<string[]>([]),
    });
  });

  it('reads back what was encoded, however it is cut, and leaves the pack', () => {
    fc.assert(
      fc.property(request, fractions, (original, cuts) => {
        const format = original.commands[0]?.oldOid.length === 40 ? 'sha1' : 'sha256';
        for (const chunks of feedings(encodeUpdateRequest(original), cuts)) {
          const decoder = new PacketDecoder();
          for (const chunk of [...chunks, encodeUtf8('PACK')]) decoder.push(chunk);
          const packets = {
            next: (): IteratorResult<Packet, undefined> => {
              const value = decoder.next();
              return value === undefined ? { done: true, value } : { done: false, value };
            },
          };
          expect(decodeUpdateRequest(packets, format)).toEqual(original);
          expect(decodeUtf8(decoder.takeRest())).toBe('PACK');
        }
      }),
      { numRuns: 60 },
    );
  });

  it('is written as git writes it', () => {
    const commands = [
      { ref: 'refs/heads/debug', oldOid: a, newOid: b },
      { ref: 'refs/heads/master', oldOid: b, newOid: a },
    ];
    const capabilities = ['report-status', 'push-options'];
    expect(decodeUtf8(encodeUpdateRequest({ commands, capabilities, shallows: [a], pushOptions: ['ci.skip'] }))).toBe(
      `0035shallow ${a}\n` +
        `0082${a} ${b} refs/heads/debug\0 report-status push-options` +
        `0067${b} ${a} refs/heads/master` +
        '0000000bci.skip0000',
    );
    expect(decodeUtf8(encodeUpdateRequest({ commands: commands.slice(0, 1), capabilities: [] }))).toMatch(/\0 0000$/);
  });

  it('has an empty section when push options are agreed on and there are none', () => {
    const commands = [{ ref: 'refs/heads/x', oldOid: a, newOid: b }];
    const bytes = encodeUpdateRequest({ commands, capabilities: ['push-options'] });
    expect(decodeUtf8(bytes)).toMatch(/push-options00000000$/);
  });

  it.each([
    ['GM_INTERNAL', { commands: [] }],
    ['GM_INTERNAL', { pushOptions: ['x'] }],
    ['GM_INTERNAL', { capabilities: ['two words'] }],
    ['GM_USAGE', { commands: [{ ref: 'refs/heads/x\0 atomic', oldOid: a, newOid: b }] }],
    ['GM_USAGE', { commands: [{ ref: 'main', oldOid: a, newOid: b }] }],
    ['GM_USAGE', { capabilities: ['push-options'], pushOptions: ['a\nb'] }],
    ['GM_USAGE', { capabilities: ['push-options'], pushOptions: ['a\0b'] }],
  ])('is not written, but %s, for %j', (code, change) => {
    const request = { commands: [{ ref: 'refs/heads/x', oldOid: a, newOid: b }], capabilities: [], ...change };
    expect(() => encodeUpdateRequest(request)).toThrow(expect.objectContaining({ code }));
  });

  it('knows the flush with which a client leaves', () => {
    expect(read(packetsIn([pktLines('0000')]))).toBeUndefined();
  });

  it.each([
    ['no commands', [`shallow ${a}`, '0000']],
    ['no flush', [`${a} ${b} refs/heads/x\0`]],
    ['no flush behind push options', [`${a} ${b} refs/heads/x\0push-options`, '0000', 'ci.skip']],
    ['a delimiter', [`${a} ${b} refs/heads/x\0`, '0001']],
    ['an illegal name', [`${a} ${b} refs/heads/../x\0`, '0000']],
    ['one object name', [`${a} refs/heads/x\0`, '0000']],
    ['no blank', [`${a} ${b}-refs/heads/x\0`, '0000']],
    ['a signed push', ['push-cert\0', 'certificate version 0.1', '0000']],
    ['a shallow line without name', ['shallow x', '0000']],
  ])('refuses %s', (_, lines) => {
    expect(() => read(packetsIn([pktLines(...lines)]))).toThrow(expect.objectContaining({ code: 'GM_PROTOCOL' }));
  });

  it('refuses a ref name that is not UTF-8', () => {
    const packet = encodePacket(Buffer.concat([Buffer.from(`${a} ${b} refs/heads/`), Buffer.of(0xe4)]));
    expect(() => read(packetsIn([packet, pktLines('0000')]))).toThrow(expect.objectContaining({ code: 'GM_PROTOCOL' }));
  });

  it('refuses another hash function, and too much', () => {
    const lines = [`${a} ${b} refs/heads/x\0push-options`, `${a} ${b} refs/heads/y`, '0000'];
    const limit = expect.objectContaining({ code: 'GM_LIMIT' }) as Error;
    expect(() => read(packetsIn([pktLines(...lines, '0000')]), 'sha1', 1)).toThrow(limit);
    const options = Array<string>(limits.maxPushOptions + 1).fill('x');
    expect(() => read(packetsIn([pktLines(...lines, ...options, '0000')]))).toThrow(limit);
    const other = pktLines(`${a} ${b} refs/heads/x\0object-format=sha256`, '0000');
    expect(() => read(packetsIn([other]))).toThrow(expect.objectContaining({ code: 'GM_OBJECT_FORMAT' }));
  });
});
