import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeTemporaryFolder, type TemporaryFolder } from '../../../test/repositories/temporary-folder.ts';
import type { FileRange } from '../../core/byte-sink.ts';
import { concatBytes } from '../../core/bytes.ts';
import { SidebandDecoder } from '../../wire/sideband.ts';
import { readFileRange } from './read-file-range.ts';

const content = Uint8Array.from({ length: 1_000_003 }, (_, index) => (index * 31) % 253);
let folder: TemporaryFolder;
let path: string;

beforeAll(async () => {
  folder = await makeTemporaryFolder();
  path = join(folder.path, 'pack');
  await writeFile(path, content);
});
afterAll(async () => {
  await folder[Symbol.asyncDispose]();
});

async function read(range: Omit<FileRange, 'path'>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of readFileRange({ path, ...range })) chunks.push(chunk.slice());
  return concatBytes(chunks);
}

describe('readFileRange', () => {
  it('gives the bytes of the range as they are', async () => {
    const bytes = await read({ offset: 5, length: 700_000 });
    expect(Buffer.compare(bytes, content.subarray(5, 700_005))).toBe(0);
  });

  it.each([65_520, 1000])('cuts them into packets of band 1 of at most %i bytes', async (packetBytes) => {
    for (const length of [0, 1, packetBytes - 5, packetBytes - 4, 4 * (packetBytes - 5), 700_001]) {
      const decoder = new SidebandDecoder({ maxPacketBytes: packetBytes });
      const framed = await read({ offset: 3, length, packetBytes });
      const parts = [...decoder.push(framed), ...decoder.push(Buffer.from('0000'))];
      decoder.end();
      expect(Buffer.compare(concatBytes(parts), content.subarray(3, 3 + length))).toBe(0);
    }
  });

  it('fails when the file ends early, and lets go of it when its reader leaves', async () => {
    await expect(read({ offset: 999_990, length: 100 })).rejects.toMatchObject({ code: 'GM_SYSTEM' });
    for await (const chunk of readFileRange({ path, offset: 0, length: 900_000 })) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
  });
});
