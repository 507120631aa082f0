import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeRepository } from '../../test/repositories/make-repository.ts';
import type { Repository } from '../../test/repositories/repository.ts';
import { runGit } from '../../test/repositories/run-git.ts';
import { makeTemporaryFolder } from '../../test/repositories/temporary-folder.ts';
import type { ObjectId } from '../core/object-id.ts';
import { openKernel } from '../kernel/open-kernel.ts';
import { PackCaches } from '../pack/packed-object-reader.ts';
import { openMultiPackIndexes } from './multi-pack-indexes.ts';
import { openObjectDatabase } from './open-object-database.ts';
import { listPacks } from './pack-directory.ts';

/** Packs of a repository, in the order in which they were made. */
async function makePacks(path: string, count: number): Promise<{ repository: Repository; packs: readonly string[] }> {
  const repository = await makeRepository(path, { commits: 30 });
  await repository.configure('repack.writeBitmaps', 'false');
  await repository.git('repack', '-adq');
  const folder = join(path, 'objects/pack');
  const packs: string[] = [];
  for (let index = 0; index < count; index++) {
    if (index > 0) {
      await repository.commit('refs/heads/main');
      await repository.git('repack', '-dq');
    }
    packs.push(...readdirSync(folder).filter((name) => name.endsWith('.idx') && !packs.includes(name)));
  }
  return { repository, packs };
}

/** A chain as newer versions of git write it: one layer for each of the packs. */
async function writeChain(repository: Repository, packs: readonly string[]): Promise<void> {
  const folder = join(repository.path, 'objects/pack');
  const chain = join(folder, 'multi-pack-index.d');
  mkdirSync(chain);
  const names: string[] = [];
  for (const pack of packs) {
    await runGit(['multi-pack-index', 'write', '--stdin-packs'], { cwd: repository.path, input: `${pack}\n` });
    const name = readFileSync(join(folder, 'multi-pack-index')).subarray(-20).toString('hex');
    renameSync(join(folder, 'multi-pack-index'), join(chain, `multi-pack-index-${name}.midx`));
    names.push(name);
  }
  writeFileSync(join(chain, 'multi-pack-index-chain'), names.map((name) => `${name}\n`).join(''));
}

const caches = new PackCaches(openKernel(), 1024 * 1024);
const { memory } = caches.kernel;

async function countFound(repository: Repository): Promise<{ listed: number; found: number; packs: number }> {
  const listed = (await repository.git('cat-file', '--batch-all-objects', '--batch-check')).split('\n');
  const objects = openObjectDatabase({ objectDirectories: [join(repository.path, 'objects')], format: 'sha1', caches });
  const found = listed.filter((line) => {
    const [oid, type, size] = line.split(' ');
    const content = objects.read(objects.numberOf(oid as ObjectId));
    return content.type === type && content.size === Number(size);
  });
  const packs = objects.packs.length;
  expect(objects.packedCount).toBe(listed.length);
  objects.close();
  return { listed: listed.length, found: found.length, packs };
}

test('a chain of layers, and a pack that is in none of them', async () => {
  await using folder = await makeTemporaryFolder();
  const { repository, packs } = await makePacks(join(folder.path, 'a.git'), 4);
  await writeChain(repository, packs.slice(0, 3));
  const listing = listPacks(join(repository.path, 'objects'));
  const layers = openMultiPackIndexes(listing, 'sha1', memory, []);
  expect(layers.map(({ index }) => index.indexNames)).toEqual(packs.slice(0, 3).map((name) => [name]));
  for (const { index } of layers) {
    memory.release(index.table.fanout);
    index.file.close();
  }
  const { listed, found, packs: opened } = await countFound(repository);
  expect([found, opened]).toEqual([listed, 4]);
});

test('layers above one that is gone are not used; all objects are found nevertheless', async () => {
  await using folder = await makeTemporaryFolder();
  const { repository, packs } = await makePacks(join(folder.path, 'a.git'), 3);
  await writeChain(repository, packs);
  const chain = join(repository.path, 'objects/pack/multi-pack-index.d');
  const names = readFileSync(join(chain, 'multi-pack-index-chain'), 'latin1').split('\n');
  rmSync(join(chain, `multi-pack-index-${names[1] ?? ''}.midx`));
  const { listed, found } = await countFound(repository);
  expect(found).toBe(listed);
});

test('one that names a pack which is gone is not used', async () => {
  await using folder = await makeTemporaryFolder();
  const { repository, packs } = await makePacks(join(folder.path, 'a.git'), 3);
  await repository.git('multi-pack-index', 'write');
  const index = join(repository.path, 'objects/pack/multi-pack-index');
  const stale = readFileSync(index);
  await repository.git('repack', '-adfq', '--depth=7');
  writeFileSync(index, stale);
  expect(readdirSync(join(repository.path, 'objects/pack'))).not.toContain(packs[0]);
  const { listed, found, packs: opened } = await countFound(repository);
  expect([found, opened]).toEqual([listed, 1]);
});

test('with a reverse index in a file of its own, bitmaps are read in its order; with none, not at all', async () => {
  await using folder = await makeTemporaryFolder();
  const { repository } = await makePacks(join(folder.path, 'a.git'), 3);
  await runGit(['multi-pack-index', 'write', '--bitmap'], {
    cwd: repository.path,
    env: { GIT_TEST_MIDX_WRITE_REV: '1' },
  });
  const numbersOfBits = (): readonly number[] | undefined => {
    const objectDirectories = [join(repository.path, 'objects')];
    const objects = openObjectDatabase({ objectDirectories, format: 'sha1', caches });
    const { bitmaps } = objects;
    const numbers = Array.from({ length: bitmaps?.bitCount ?? 0 }, (_, bit) => bitmaps?.numberOfBit(bit) ?? -1);
    objects.close();
    return bitmaps === undefined ? undefined : numbers;
  };
  const fromChunk = numbersOfBits();
  expect(fromChunk?.length).toBeGreaterThan(100);
  const packs = join(repository.path, 'objects/pack');
  const index = join(packs, 'multi-pack-index');
  const bytes = readFileSync(index);
  // A chunk of another name is none that is known.
  bytes.write('XIDX', bytes.indexOf('RIDX'), 'latin1');
  rmSync(index);
  writeFileSync(index, bytes);
  expect(numbersOfBits()).toEqual(fromChunk);
  for (const name of readdirSync(packs)) if (name.endsWith('.rev')) rmSync(join(packs, name));
  expect(numbersOfBits()).toBeUndefined();
});
