import { describe, expect, test } from 'vitest';
import { feedings } from '../../test/wire/chunking.ts';
import { concatBytes } from '../core/bytes.ts';
import { streamOf, type ByteStream } from '../core/byte-stream.ts';
import { encodePacket } from '../wire/pkt-line.ts';
import { encodeSideband } from '../wire/sideband.ts';
import { PacketReader } from './packet-reader.ts';
import { readPlain, readSideband } from './sideband-stream.ts';

const doing = 'fetching from https://example.com/x.git';
const payload = Uint8Array.from({ length: 3000 }, (_, index) => index % 251);
const flush = Buffer.from('0000');
const text = (message: string): Uint8Array => Buffer.from(message);

async function collect(stream: ByteStream): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk.slice());
  return Buffer.concat(chunks);
}

describe('readSideband', () => {
  const whole = concatBytes([
    ...encodeSideband(2, text('Counting objects: 1\rCounting objects: 2, done.\n')),
    ...encodeSideband(1, payload.subarray(0, 1000), 1000),
    ...encodeSideband(2, text('remote says \x1b[31mhello\n')),
    ...encodeSideband(1, payload.subarray(1000)),
    flush,
    encodePacket('next message\n'),
  ]);

  test('band 1 comes out, band 2 goes to the listener, what follows the flush stays, however the bytes come', async () => {
    for (const chunks of feedings(whole, [0.1, 0.5, 0.99])) {
      const reader = new PacketReader(streamOf(...chunks));
      const lines: string[] = [];
      expect((await collect(readSideband(reader, doing, (line) => lines.push(line)))).equals(payload)).toBe(true);
      expect(lines.at(0)).toBe('Counting objects: 1');
      expect(lines).toContain('Counting objects: 2, done.');
      expect(lines.join('')).not.toMatch(/[\u0000-\u001f]/);
      expect(await reader.read(doing)).toMatchObject({ type: 'data', payload: new Uint8Array(text('next message\n')) });
    }
  });

  test('band 3 is the error of the remote, and says what was being done', async () => {
    const bytes = concatBytes([...encodeSideband(1, payload), ...encodeSideband(3, text('out of memory\n'))]);
    for (const chunks of feedings(bytes, [0.5])) {
      const failure = collect(readSideband(new PacketReader(streamOf(...chunks)), doing));
      await expect(failure).rejects.toMatchObject({ code: 'GM_REMOTE' });
      await expect(failure).rejects.toThrow(doing);
      await expect(failure).rejects.toThrow('out of memory');
    }
  });

  test('an end before the flush is no whole answer', async () => {
    const bytes = concatBytes(encodeSideband(1, payload));
    for (const cut of [bytes.length, bytes.length - 1, 3]) {
      const failure = collect(readSideband(new PacketReader(streamOf(bytes.subarray(0, cut))), doing));
      await expect(failure).rejects.toMatchObject({ code: 'GM_NETWORK' });
      await expect(failure).rejects.toThrow(doing);
    }
  });

  test('leaving early releases the answer', async () => {
    let released = false;
    async function* endless(): AsyncGenerator<Uint8Array, void, void> {
      try {
        for (;;) yield* encodeSideband(1, payload);
      } finally {
        released = true;
      }
    }
    const iterator = readSideband(new PacketReader(endless()), doing);
    await iterator.next();
    await iterator.return();
    expect(released).toBe(true);
  });
});

describe('readPlain', () => {
  test('everything to the end, first what was taken in already', async () => {
    const reader = new PacketReader(streamOf(Buffer.from('0008NAK\nPA'), Buffer.from('CK')));
    await reader.read(doing);
    expect((await collect(readPlain(reader))).toString()).toBe('PACK');
  });
});
