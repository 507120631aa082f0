import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes, decodeUtf8, encodeUtf8 } from '../core/bytes.ts';
import { fractions } from '../../test/wire/arbitraries.ts';
import { feedings, packetsIn } from '../../test/wire/chunking.ts';
import { encodeFlush, encodePacket } from './pkt-line.ts';
import { encodeSideband, SidebandDecoder } from './sideband.ts';
import type { Band } from './sideband.ts';

/** One packet of `band`, as text. */
function packet(band: number, text: string): Uint8Array {
  return encodePacket(String.fromCharCode(band) + text);
}

function stream(...items: readonly (readonly [band: Band, text: string])[]): Uint8Array {
  return concatBytes([...items.flatMap(([band, text]) => encodeSideband(band, encodeUtf8(text))), encodeFlush()]);
}

interface Decoded {
  readonly data: string;
  readonly messages: readonly string[];
  readonly rest: string;
  readonly done: boolean;
}

function decode(chunks: readonly Uint8Array[]): Decoded {
  const decoder = new SidebandDecoder();
  const data: Uint8Array[] = [];
  const messages: string[] = [];
  for (const chunk of chunks) {
    data.push(...decoder.push(chunk));
    messages.push(...decoder.takeMessages());
  }
  return {
    data: Buffer.concat(data).toString('latin1'),
    messages,
    rest: decodeUtf8(decoder.takeRest()),
    done: decoder.done,
  };
}

describe('SidebandDecoder and encodeSideband', () => {
  it('read back what was encoded, in order, however it is cut', () => {
    const item = fc.record({
      band: fc.constantFrom<Band>(1, 2),
      payload: fc.uint8Array({ maxLength: 40 }),
    });
    const size = fc.constantFrom(6, 7, 20, 1000, 65_520);
    fc.assert(
      fc.property(fc.array(item), size, fc.string(), fractions, (items, maxPacketBytes, rest, cuts) => {
        const bytes = concatBytes([
          ...items.flatMap(({ band, payload }) => encodeSideband(band, payload, maxPacketBytes)),
          encodeFlush(),
          encodeUtf8(rest),
        ]);
        const expected = items.filter(({ band }) => band === 1).map(({ payload }) => payload);
        const whole = decode([bytes]);
        expect(whole).toMatchObject({ data: Buffer.concat(expected).toString('latin1'), rest, done: true });
        for (const chunks of feedings(bytes, cuts)) expect(decode(chunks)).toEqual(whole);
      }),
      { numRuns: 60 },
    );
  });

  it('make packets no longer than asked for, without copying', () => {
    const payload = new Uint8Array(200_000).map((_, index) => index);
    for (const [maxPacketBytes, count] of [
      [1000, 202],
      [65_520, 4],
    ] as const) {
      const pieces = encodeSideband(1, payload, maxPacketBytes);
      const packets = packetsIn([concatBytes(pieces)]);
      expect(packets).toHaveLength(count);
      expect(Math.max(...packets.map((each) => (each.type === 'data' ? each.payload.length + 4 : 0)))).toBe(
        maxPacketBytes,
      );
      expect(pieces.filter((piece) => piece.buffer === payload.buffer)).toHaveLength(count);
    }
  });

  it.each([5, 0, -1, 65_521])('refuse a packet size of %d', (maxPacketBytes) => {
    expect(() => encodeSideband(1, new Uint8Array(1), maxPacketBytes)).toThrow(
      expect.objectContaining({ code: 'GM_INTERNAL' }),
    );
  });

  it('write the keepalive of git as git writes it', () => {
    expect(decodeUtf8(concatBytes(encodeSideband(1, new Uint8Array(0))))).toBe('0005\u0001');
  });
});

describe('SidebandDecoder', () => {
  it('gives bytes of a packet that is not complete, as views of the chunk', () => {
    const bytes = packet(1, 'x'.repeat(60_000));
    const decoder = new SidebandDecoder();
    const first = bytes.slice(0, 1005);
    const [slice, ...others] = decoder.push(first);
    expect(others).toEqual([]);
    expect(slice?.length).toBe(1000);
    expect(slice?.buffer).toBe(first.buffer);
    expect(decoder.push(bytes.slice(1005))[0]?.length).toBe(59_000);
    expect(decoder.done).toBe(false);
  });

  it('passes over empty packets of bands 1 and 2', () => {
    const bytes = concatBytes([packet(1, ''), packet(1, 'a'), packet(2, ''), packet(1, 'b'), encodeFlush()]);
    for (const chunks of feedings(bytes, [0.1, 0.2, 0.5])) {
      expect(decode(chunks)).toEqual({ data: 'ab', messages: [], rest: '', done: true });
    }
  });

  it('makes printable lines of band 2, also of one that spans packets or has no end', () => {
    const bytes = stream([2, 'Counting: 1%\rCount'], [1, 'PACK'], [2, 'ing: 100%\n\u001b[1mremote'], [2, ': bye']);
    for (const chunks of feedings(bytes, [0.4])) {
      expect(decode(chunks).messages).toEqual(['Counting: 1%', 'Counting: 100%', 'remote: bye']);
    }
  });

  it('throws the words of band 3, and keeps the messages before them', () => {
    const bytes = stream([1, 'PACK'], [2, 'half a line'], [3, 'upload-pack:\u0007 gone\n']);
    for (const chunks of feedings(bytes, [0.2, 0.9])) {
      const decoder = new SidebandDecoder();
      const pushAll = () => {
        for (const chunk of chunks) decoder.push(chunk);
      };
      expect(pushAll).toThrow(
        expect.objectContaining({ code: 'GM_REMOTE', details: { remoteText: 'upload-pack: gone' } }),
      );
      expect(decoder.takeMessages()).toEqual(['half a line']);
      expect(() => decoder.push(encodeFlush())).toThrow(expect.objectContaining({ code: 'GM_INTERNAL' }));
    }
  });

  it('does not depend on chunks that are reused while an error comes in', () => {
    const decoder = new SidebandDecoder();
    const reused = new Uint8Array(1);
    const pushAll = () => {
      for (const byte of packet(3, 'the reason')) {
        reused[0] = byte;
        decoder.push(reused);
      }
    };
    expect(pushAll).toThrow(/the reason/);
  });

  it('understands an error packet where a band is due', () => {
    for (const chunks of feedings(encodePacket('ERR upload-pack: not our ref'), [0.5])) {
      expect(() => decode(chunks)).toThrow(
        expect.objectContaining({ code: 'GM_REMOTE', details: { remoteText: 'upload-pack: not our ref' } }),
      );
    }
  });

  it.each([
    ['a band that is none', packet(4, 'x')],
    ['band 0', packet(0, 'x')],
    ['a pack without sideband', encodePacket('PACK')],
    ['text that only begins like an error packet', encodePacket('EXAMPLE')],
    ['a lone E', encodePacket('E')],
    ['a packet without band', encodeUtf8('0004')],
    ['a delimiter', encodeUtf8('0001')],
    ['a response end', encodeUtf8('0002')],
    ['an illegal length', encodeUtf8('0003')],
    ['a length that is too large', encodeUtf8('fff1')],
    ['raw pack bytes', encodeUtf8('PACK\0\0\0\u0002')],
    ['HTML', encodeUtf8('<html>')],
  ])('refuses %s', (_, bytes) => {
    for (const chunks of feedings(bytes, [0.5])) {
      expect(() => decode(chunks)).toThrow(expect.objectContaining({ code: 'GM_PROTOCOL' }));
    }
  });

  it('holds packets to the size it was given', () => {
    const decoder = new SidebandDecoder({ maxPacketBytes: 1000 });
    expect(() => decoder.push(packet(1, 'x'.repeat(996)))).toThrow(expect.objectContaining({ code: 'GM_PROTOCOL' }));
  });

  it('refuses an end anywhere before the flush', () => {
    const bytes = stream([1, 'PACK'], [2, 'progress\n']);
    for (let length = 0; length < bytes.length; length += 1) {
      const decoder = new SidebandDecoder();
      decoder.push(bytes.subarray(0, length));
      expect(() => {
        decoder.end();
      }).toThrow(expect.objectContaining({ code: 'GM_PROTOCOL' }));
    }
    const decoder = new SidebandDecoder();
    decoder.push(bytes);
    decoder.end();
  });

  it('gives the part of an error that came before the stream broke', () => {
    const decoder = new SidebandDecoder();
    decoder.push(packet(3, 'disk full').subarray(0, 9));
    expect(() => {
      decoder.end();
    }).toThrow(expect.objectContaining({ code: 'GM_REMOTE', details: { remoteText: 'disk' } }));
  });

  it('never fails in another way, whatever comes', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.uint8Array({ maxLength: 20 }), fc.constant(packet(2, 'm\n')))), (chunks) => {
        try {
          decode(chunks);
        } catch (error) {
          expect(error).toMatchObject({ code: expect.stringMatching(/^GM_(PROTOCOL|REMOTE)$/) as string });
        }
      }),
    );
  });
});
