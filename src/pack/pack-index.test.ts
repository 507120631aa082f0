import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeIndex } from '../../test/packs/make-index.ts';
import { mutate } from '../../test/packs/mutate.ts';
import { makeRepository } from '../../test/repositories/make-repository.ts';
import { runGit } from '../../test/repositories/run-git.ts';
import { makeTemporaryFolder } from '../../test/repositories/temporary-folder.ts';
import { GitMirrorError } from '../core/error.ts';
import { rawLength, type ObjectFormat } from '../core/object-id.ts';
import { openKernel } from '../kernel/open-kernel.ts';
import { readPackIndex } from './pack-index.ts';
import { ReadFile } from './read-file.ts';

const kernel = openKernel();
const { memory } = kernel;
const usedBefore = memory.usedBytes;

/** Lines in the form of git show-index: offset and name. */
function listIndex(path: string, format: ObjectFormat): readonly string[] {
  const file = ReadFile.open(path);
  if (file === undefined) throw new Error(`${path} is missing`);
  const { table, offsets } = readPackIndex(file, format, memory);
  file.close();
  const raw = rawLength(format);
  const lines = Array.from({ length: table.count }, (_, position) => {
    const address = table.names + position * raw;
    expect(kernel.findName(table, raw, address)).toBe(position);
    return `${offsets.at(position)} ${Buffer.from(memory.view(address, raw)).toString('hex')}`;
  });
  memory.release(table.fanout);
  return lines;
}

async function showIndex(bytes: Uint8Array, format: ObjectFormat): Promise<readonly string[]> {
  const text = await runGit(['show-index', `--object-format=${format}`], { input: bytes });
  return text.split('\n').map((line) => line.split(' ').slice(0, 2).join(' '));
}

async function makeIndexFile(folder: string, format: ObjectFormat, version: string): Promise<string> {
  const repository = await makeRepository(join(folder, 'a.git'), { format, commits: 40 });
  await repository.git('repack', '-adq');
  const packs = join(repository.path, 'objects', 'pack');
  const pack = readdirSync(packs).find((name) => name.endsWith('.pack')) ?? '';
  const path = join(folder, `${version}.idx`);
  await repository.git('index-pack', `--index-version=${version}`, '-o', path, join(packs, pack));
  return path;
}

describe('says what git show-index says', () => {
  test.each<[string, ObjectFormat]>([
    ['1', 'sha1'],
    ['2', 'sha1'],
    ['2', 'sha256'],
    // Offsets from 1024 on take the table of 64-bit ones.
    ['2,0x400', 'sha1'],
  ])('version %s, %s', async (version, format) => {
    await using folder = await makeTemporaryFolder();
    const path = await makeIndexFile(folder.path, format, version);
    const listed = listIndex(path, format);
    expect(listed.length).toBeGreaterThan(100);
    expect(listed).toEqual(await showIndex(readFileSync(path), format));
    expect(memory.usedBytes).toBe(usedBefore);
  });

  test('offsets beyond 4 GiB', async () => {
    await using folder = await makeTemporaryFolder();
    const path = join(folder.path, 'large.idx');
    const offsets = [12, 2 ** 31 - 1, 2 ** 31, 2 ** 32 + 7, 2 ** 45 + 1];
    const entries = offsets.map((offset, index) => ({ oid: `${index}f`.repeat(20), offset }));
    writeFileSync(path, makeIndex(entries, Buffer.alloc(20)));
    expect(listIndex(path, 'sha1')).toEqual(entries.map(({ oid, offset }) => `${offset} ${oid}`));
    expect(listIndex(path, 'sha1')).toEqual(await showIndex(readFileSync(path), 'sha1'));
  });
});

test.each(['1', '2', '2,0x400'])(
  'damaged indexes of version %s are errors or are read within bounds',
  async (version) => {
    await using folder = await makeTemporaryFolder();
    const bytes = readFileSync(await makeIndexFile(folder.path, 'sha1', version));
    const path = join(folder.path, 'damaged.idx');
    let refused = 0;
    for (let seed = 0; seed < 300; seed++) {
      writeFileSync(path, mutate(bytes, seed));
      try {
        const file = ReadFile.open(path);
        if (file === undefined) continue;
        try {
          memory.release(readPackIndex(file, 'sha1', memory).table.fanout);
        } finally {
          file.close();
        }
      } catch (error) {
        expect(error).toBeInstanceOf(GitMirrorError);
        expect(error).toMatchObject({ code: 'GM_CORRUPT' });
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(50);
    expect(memory.usedBytes).toBe(usedBefore);
  },
);
