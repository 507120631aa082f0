import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { feedings } from '../../test/wire/chunking.ts';
import { streamOf } from '../core/byte-stream.ts';
import { PacketWriter, type Packet } from '../wire/pkt-line.ts';
import { PacketReader } from './packet-reader.ts';

const doing = 'reading a test';

function readerOf(chunks: readonly Uint8Array[]): PacketReader {
  return new PacketReader(streamOf(...chunks));
}

/** A packet that may be kept: payloads are borrowed. */
function copy(packet: Packet): string {
  return packet.type === 'data' ? `data ${Buffer.from(packet.payload).toString('latin1')}` : packet.type;
}

async function readAll(reader: PacketReader): Promise<readonly string[]> {
  const packets: string[] = [];
  for (let packet = await reader.readOrEnd(doing); packet !== undefined; packet = await reader.readOrEnd(doing)) {
    packets.push(copy(packet));
  }
  return packets;
}

const message = new PacketWriter()
  .line('command=ls-refs')
  .delim()
  .data(Uint8Array.of(0, 255))
  .flush()
  .line('')
  .finish();
const expected = ['data command=ls-refs\n', 'delim', 'data \0ÿ', 'flush', 'data \n'];

describe('PacketReader', () => {
  test('the same packets however the bytes come, one by one too', async () => {
    for (const chunks of feedings(message, [0.2, 0.21, 0.7])) {
      expect(await readAll(readerOf(chunks))).toEqual(expected);
    }
  });

  test('property: chunks at any cut', async () => {
    const payloads = fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(
        payloads,
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 5 }),
        async (all, cuts) => {
          const writer = new PacketWriter();
          for (const payload of all) writer.data(payload);
          const bytes = writer.flush().finish();
          for (const chunks of feedings(bytes, cuts)) {
            const texts = all.map((payload) => `data ${Buffer.from(payload).toString('latin1')}`);
            expect(await readAll(readerOf(chunks))).toEqual([...texts, 'flush']);
          }
        },
      ),
    );
  });

  test('the end between packets is an end for readOrEnd and an error for read', async () => {
    expect(await readerOf([]).readOrEnd(doing)).toBeUndefined();
    await expect(readerOf([]).read(doing)).rejects.toMatchObject({ code: 'GM_NETWORK' });
    await expect(readerOf([]).read(doing)).rejects.toThrow(doing);
  });

  test.each([1, 3, 4, 7])(
    'the end %i bytes into a packet is an error, which says what was being done',
    async (length) => {
      const cut = message.subarray(0, length);
      await expect(readerOf([cut]).read(doing)).rejects.toMatchObject({ code: 'GM_PROTOCOL' });
      await expect(readerOf([cut]).read(doing)).rejects.toThrow(doing);
    },
  );

  test('what is no packet is an error, which says what was being done', async () => {
    const html = Buffer.from('<html><body>Hello</body></html>');
    await expect(readerOf([html]).read(doing)).rejects.toMatchObject({ code: 'GM_PROTOCOL' });
    await expect(readerOf([html]).read(doing)).rejects.toThrow(doing);
  });

  test('chunks give first what was taken in and not decoded, then what comes; what is given back is read again', async () => {
    const reader = readerOf([Buffer.from('0005aPA'), Buffer.from('CK'), Buffer.from('0006bc')]);
    expect(copy(await reader.read(doing))).toBe('data a');
    expect(Buffer.from((await reader.readChunk()) ?? []).toString()).toBe('PA');
    expect(Buffer.from((await reader.readChunk()) ?? []).toString()).toBe('CK');
    const last = (await reader.readChunk()) ?? new Uint8Array();
    reader.unread(last);
    expect(copy(await reader.read(doing))).toBe('data bc');
    expect(await reader.readChunk()).toBeUndefined();
  });

  test('after a release nothing more is read, and the stream behind is released', async () => {
    let released = false;
    async function* endless(): AsyncGenerator<Uint8Array, void, void> {
      try {
        for (;;) yield Buffer.from('0005a');
      } finally {
        released = true;
      }
    }
    const reader = new PacketReader(endless());
    await reader.read(doing);
    await reader.release();
    expect(released).toBe(true);
    expect(await reader.readOrEnd(doing)).toBeUndefined();
  });
});
