import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes, decodeUtf8, encodeUtf8 } from '../core/bytes.ts';
import { limits } from '../core/limits.ts';
import { fractions } from '../../test/wire/arbitraries.ts';
import { feedings, packetsIn } from '../../test/wire/chunking.ts';
import {
  encodeDelim,
  encodeFlush,
  encodePacket,
  encodeResponseEnd,
  PacketDecoder,
  PacketWriter,
  textOf,
} from './pkt-line.ts';
import type { Packet } from './pkt-line.ts';

const packet = fc.oneof(
  { weight: 5, arbitrary: fc.uint8Array({ maxLength: 300 }).map((payload): Packet => ({ type: 'data', payload })) },
  fc.constantFrom<Packet>({ type: 'flush' }, { type: 'delim' }, { type: 'response-end' }),
);

function encode(item: Packet): Uint8Array {
  switch (item.type) {
    case 'data':
      return encodePacket(item.payload);
    case 'flush':
      return encodeFlush();
    case 'delim':
      return encodeDelim();
    case 'response-end':
      return encodeResponseEnd();
  }
}

/** Payloads as plain arrays, so that views and copies compare equal. */
function plain(packets: readonly Packet[]): unknown[] {
  return packets.map((item) => (item.type === 'data' ? { type: item.type, payload: [...item.payload] } : item));
}

function decoderWith(text: string): PacketDecoder {
  const decoder = new PacketDecoder();
  decoder.push(encodeUtf8(text));
  return decoder;
}

describe('encodePacket', () => {
  it('writes the examples of gitprotocol-common', () => {
    expect(['a\n', 'a', 'foobar\n', ''].map((text) => decodeUtf8(encodePacket(text)))).toEqual([
      '0006a\n',
      '0005a',
      '000bfoobar\n',
      '0004',
    ]);
  });

  it('takes 65516 bytes and refuses one more', () => {
    const largest = encodePacket(new Uint8Array(65_516));
    expect(decodeUtf8(largest.subarray(0, 4))).toBe('fff0');
    expect(() => encodePacket(new Uint8Array(65_517))).toThrow(expect.objectContaining({ code: 'GM_LIMIT' }));
  });
});

describe('PacketWriter', () => {
  it('joins lines, data and markers as the single encoders do', () => {
    fc.assert(
      fc.property(fc.array(packet), fc.string({ unit: 'binary' }), (packets, text) => {
        const writer = new PacketWriter(1);
        for (const item of packets) {
          if (item.type === 'data') writer.data(item.payload);
          else if (item.type === 'flush') writer.flush();
          else if (item.type === 'delim') writer.delim();
          else writer.responseEnd();
        }
        const expected = concatBytes([...packets.map(encode), encodePacket(`${text}\n`), encodePacket(text)]);
        expect([...writer.line(text).data(text).finish()]).toEqual([...expected]);
        expect(writer.length).toBe(0);
      }),
    );
  });

  it('hands over what it has written and does not touch it again', () => {
    const writer = new PacketWriter();
    const first = writer.line('first').finish();
    writer.line('other');
    expect(decodeUtf8(first)).toBe('000afirst\n');
    expect(decodeUtf8(writer.finish())).toBe('000aother\n');
  });

  it('writes nothing of a packet that is too long', () => {
    const writer = new PacketWriter().line('kept');
    for (const text of ['x'.repeat(65_516), 'ä'.repeat(32_758), 'x'.repeat(1_000_000)]) {
      expect(() => writer.line(text)).toThrow(expect.objectContaining({ code: 'GM_LIMIT' }));
    }
    expect(() => writer.data(new Uint8Array(65_517))).toThrow(expect.objectContaining({ code: 'GM_LIMIT' }));
    expect(decodeUtf8(writer.finish())).toBe('0009kept\n');
    expect(writer.line('x'.repeat(65_515)).length).toBe(limits.maxPktLineBytes);
  });
});

describe('PacketDecoder', () => {
  it('reads back what was encoded, however it is cut', () => {
    fc.assert(
      fc.property(fc.array(packet), fractions, (packets, cuts) => {
        const bytes = concatBytes(packets.map(encode));
        for (const chunks of feedings(bytes, cuts)) expect(plain(packetsIn(chunks))).toEqual(plain(packets));
      }),
    );
  });

  it('says how many bytes are missing, and takes no fewer', () => {
    const bytes = concatBytes([encodePacket('0123456789'), encodeFlush()]);
    const decoder = new PacketDecoder();
    const needed: number[] = [];
    for (const byte of bytes) {
      expect(decoder.next()).toBeUndefined();
      needed.push(decoder.neededBytes);
      decoder.push(Uint8Array.of(byte));
      if (needed.length === 14) expect(decoder.next()?.type).toBe('data');
    }
    expect(needed).toEqual([4, 3, 2, 1, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 4, 3, 2, 1]);
    expect(decoder.neededBytes).toBe(0);
    expect(decoder.next()).toEqual({ type: 'flush' });
  });

  it('copies nothing of a packet that lies in one chunk', () => {
    const chunk = concatBytes([encodePacket('one'), encodePacket('two')]);
    const decoder = new PacketDecoder();
    decoder.push(chunk);
    for (const offset of [4, 11]) {
      const next = decoder.next();
      expect(next?.type === 'data' && next.payload.buffer).toBe(chunk.buffer);
      expect(next?.type === 'data' && next.payload.byteOffset).toBe(offset);
    }
  });

  it('gives back what lies behind the last packet, also a part of the next one', () => {
    for (const rest of ['', 'PACK and more', '00', '0010half']) {
      for (const chunks of feedings(encodeUtf8(`0006a\n0000${rest}`), [0.3, 0.8])) {
        const decoder = new PacketDecoder();
        for (const chunk of chunks) decoder.push(chunk);
        expect(decoder.next()?.type).toBe('data');
        expect(decoder.next()?.type).toBe('flush');
        if (rest === '00' || rest === '0010half') expect(decoder.next()).toBeUndefined();
        expect(decodeUtf8(decoder.takeRest())).toBe(rest);
        expect(decoder.neededBytes).toBe(4);
        decoder.end();
      }
    }
  });

  it.each(['0003', '000g', ' 123', '-001', '<!DOCTYPE html>\n<html>', 'HTTP/1.1 200 OK', '\u001b[2Jx', 'fff1'])(
    'refuses the length of %j and stays where it is',
    (text) => {
      const decoder = decoderWith(text);
      for (const attempt of [1, 2]) {
        expect(() => decoder.next(), `attempt ${attempt}`).toThrow(expect.objectContaining({ code: 'GM_PROTOCOL' }));
      }
      expect(decodeUtf8(decoder.takeRest())).toBe(text);
    },
  );

  it('shows an excerpt of what is no pkt-line, without control characters', () => {
    const decoder = decoderWith('<h1>\u001b[31mSign\u0000 in\r\n</h1>');
    expect(() => decoder.next()).toThrow(/it begins "<h1>Sign in <\/h1>"/);
  });

  it('takes digits of either case, and lengths up to the bound it was given', () => {
    expect(decoderWith('000Aabcdef').next()?.type).toBe('data');
    const decoder = new PacketDecoder({ maxPacketBytes: 1000 });
    decoder.push(encodeUtf8('03e9'));
    expect(() => decoder.next()).toThrow(/1001 bytes long, and 1000 are allowed/);
  });

  it('refuses an end in the middle of a packet', () => {
    for (const text of ['0', '000', '0008abc']) {
      const decoder = decoderWith(text);
      expect(decoder.next()).toBeUndefined();
      expect(() => {
        decoder.end();
      }).toThrow(expect.objectContaining({ code: 'GM_PROTOCOL' }));
    }
  });

  it('takes time in proportion to the bytes when they come one by one', () => {
    const bytes = concatBytes(Array.from({ length: 16 }, () => encodePacket(new Uint8Array(65_516))));
    const decoder = new PacketDecoder();
    // All of it buffered before the first look: a million chunks would take minutes if each look went through them.
    for (let offset = 0; offset < bytes.length; offset += 1) decoder.push(bytes.subarray(offset, offset + 1));
    const sizes: number[] = [];
    for (let next = decoder.next(); next !== undefined; next = decoder.next()) {
      sizes.push(next.type === 'data' ? next.payload.length : 0);
    }
    expect(sizes).toEqual(Array.from({ length: 16 }, () => 65_516));
  }, 20_000);
});

describe('textOf', () => {
  it('takes away one line feed, and no more', () => {
    expect(['a\n', 'a', 'a\n\n', '\n', '', 'ä\r\n'].map((text) => textOf(encodeUtf8(text)))).toEqual([
      'a',
      'a',
      'a\n',
      '',
      '',
      'ä\r',
    ]);
  });

  it('never throws on bytes that are no text', () => {
    expect(textOf(Uint8Array.of(0xff, 0x61))).toBe('\ufffda');
  });
});
