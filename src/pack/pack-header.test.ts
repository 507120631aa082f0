import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runGit } from '../../test/repositories/run-git.ts';
import { makeTemporaryFolder } from '../../test/repositories/temporary-folder.ts';
import { decodePackHeader, encodeEmptyPack, encodePackHeader, PackHeaderReader } from './pack-header.ts';

const notPack = expect.objectContaining({ code: 'GM_PROTOCOL' }) as Error;

describe('pack header', () => {
  test('round trip', () => {
    for (const count of [0, 1, 77_777, 0xffffffff]) {
      expect(decodePackHeader(encodePackHeader(count))).toEqual({ version: 2, objectCount: count });
    }
    const version3 = encodePackHeader(5);
    version3[7] = 3;
    expect(decodePackHeader(version3)).toEqual({ version: 3, objectCount: 5 });
  });

  test('what is no pack is GM_PROTOCOL', () => {
    expect(() => decodePackHeader(Buffer.from('<html><body>'))).toThrow(notPack);
    expect(() => decodePackHeader(encodePackHeader(1).subarray(0, 11))).toThrow(notPack);
    const version4 = encodePackHeader(1);
    version4[7] = 4;
    expect(() => decodePackHeader(version4)).toThrow(notPack);
  });

  test('collected from single bytes, and refused at the first wrong one', () => {
    const reader = new PackHeaderReader();
    const bytes = encodePackHeader(300);
    for (const byte of bytes.subarray(0, 11)) expect(reader.push(Uint8Array.of(byte))).toBeUndefined();
    expect(reader.push(Uint8Array.of(bytes[11] ?? 0, 1, 2))).toEqual({ version: 2, objectCount: 300 });
    expect(reader.push(Uint8Array.of(9))).toBe(reader.header);
    expect(() => new PackHeaderReader().push(Buffer.from('PA<'))).toThrow(notPack);
  });

  test.each(['sha1', 'sha256'] as const)('git takes the empty %s pack', async (format) => {
    await using folder = await makeTemporaryFolder();
    const pack = join(folder.path, 'empty.pack');
    await writeFile(pack, encodeEmptyPack(format));
    await runGit(['index-pack', '--strict', `--object-format=${format}`, pack], { cwd: folder.path });
  });
});
