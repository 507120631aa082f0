import { describe, expect, test } from 'vitest';
import { borrowed, commitContent, makePack } from '../../test/packs/make-pack.ts';
import { streamOf } from '../core/byte-stream.ts';
import { encodeEmptyPack } from './pack-header.ts';
import { observePack, type ObservePackOptions } from './pack-meter.ts';

const entries = [1, 2, 3].map((number) => ({ type: 1, content: commitContent([], `commit ${String(number)}`) }));
const pack = makePack(entries);

async function pass(bytes: Uint8Array, step: number, options: Partial<ObservePackOptions> = {}): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of observePack(borrowed(bytes, step), { format: 'sha1', ...options }))
    chunks.push(chunk.slice());
  return Buffer.concat(chunks);
}

function code(expected: string): unknown {
  return expect.objectContaining({ code: expected });
}

describe('observePack', () => {
  test('passes every byte on, and the chunks themselves', async () => {
    for (const step of [1, 7, 12, 100, 10_000]) {
      expect((await pass(pack, step, { verify: true })).equals(pack)).toBe(true);
    }
    const chunk = new Uint8Array(pack);
    const passed: Uint8Array[] = [];
    for await (const out of observePack(streamOf(chunk), { format: 'sha1' })) passed.push(out);
    expect(passed[0]).toBe(chunk);
  });

  test('reports the header before the chunk that completes it, and the bytes', async () => {
    const seen: unknown[] = [];
    const stream = observePack(borrowed(pack, 5), {
      format: 'sha1',
      onHeader: (header) => seen.push(header.objectCount),
      onBytes: (bytes) => seen.push(`${String(bytes)} bytes`),
    });
    for (let count = 0; count < 3; count++) await stream.next();
    expect(seen).toEqual(['5 bytes', '10 bytes', 3, '15 bytes']);
    await stream.return();
  });

  test('what onHeader throws ends the stream and releases what stands behind it', async () => {
    let isReleased = false;
    async function* source(): AsyncGenerator<Uint8Array, void, void> {
      try {
        yield pack;
        yield pack;
      } finally {
        isReleased = true;
      }
    }
    const onHeader = (): never => {
      throw new Error('too many');
    };
    await expect(observePack(source(), { format: 'sha1', onHeader }).next()).rejects.toThrow('too many');
    expect(isReleased).toBe(true);
  });

  test('refuses what is no pack', async () => {
    await expect(pass(Buffer.from('<html>not found</html>'), 100)).rejects.toThrow(code('GM_PROTOCOL'));
    await expect(pass(Buffer.from('<'), 100)).rejects.toThrow(code('GM_PROTOCOL'));
  });

  test('stops at the bound', async () => {
    expect((await pass(pack, 10, { maxBytes: pack.length })).length).toBe(pack.length);
    const tooLarge = pass(pack, 10, { maxBytes: pack.length - 1 });
    await expect(tooLarge).rejects.toMatchObject({
      code: 'GM_LIMIT',
      details: { limit: 'maxPackBytes', bytes: pack.length },
    });
  });

  test('a stream that ends too early is GM_CORRUPT', async () => {
    for (const length of [0, 5, 12, 31, 58]) {
      await expect(pass(pack.subarray(0, length), 9)).rejects.toThrow(code('GM_CORRUPT'));
    }
    expect((await pass(Buffer.from(encodeEmptyPack('sha1')), 9)).length).toBe(32);
    await expect(pass(Buffer.from(encodeEmptyPack('sha1')), 9, { format: 'sha256' })).rejects.toThrow(
      code('GM_CORRUPT'),
    );
  });

  test('with verify, any damage is GM_CORRUPT', async () => {
    for (let at = 12; at < pack.length; at += 11) {
      const damaged = Buffer.from(pack);
      damaged[at] = (damaged[at] ?? 0) ^ 4;
      await expect(pass(damaged, 64, { verify: true })).rejects.toThrow(code('GM_CORRUPT'));
    }
    await expect(pass(pack.subarray(0, pack.length - 1), 64, { verify: true })).rejects.toThrow(code('GM_CORRUPT'));
    const sha256 = makePack(
      [1, 2].map((number) => ({ type: 1, content: commitContent([], String(number), 'sha256') })),
      { format: 'sha256' },
    );
    for (const step of [1, 3, 31, 32, 33, 5000]) {
      expect((await pass(sha256, step, { verify: true, format: 'sha256' })).equals(sha256)).toBe(true);
    }
  });
});
