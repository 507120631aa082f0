import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { mutate } from '../../../test/packs/mutate.ts';
import { makeRichRepository } from '../../../test/packs/rich-repository.ts';
import type { Repository } from '../../../test/repositories/repository.ts';
import { makeTemporaryFolder } from '../../../test/repositories/temporary-folder.ts';
import type { ObjectFormat, ObjectId } from '../../core/object-id.ts';
import { openKernel } from '../../kernel/open-kernel.ts';
import { PackCaches } from '../../pack/packed-object-reader.ts';
import { openObjectDatabase, type FileObjectDatabase } from '../open-object-database.ts';
import type { ReachabilityBitmaps } from '../reachability-bitmaps.ts';

const caches = new PackCaches(openKernel(), 1024 * 1024);

function open(repository: Repository, format: ObjectFormat = 'sha1', useBitmaps = true): FileObjectDatabase {
  return openObjectDatabase({ objectDirectories: [join(repository.path, 'objects')], format, caches, useBitmaps });
}

function namesOf(objects: FileObjectDatabase, bitmaps: ReachabilityBitmaps, bits: Uint32Array): readonly string[] {
  const names: string[] = [];
  for (let bit = 0; bit < bits.length * 32; bit++) {
    if ((((bits[bit >>> 5] ?? 0) >>> (bit & 31)) & 1) === 1) names.push(objects.oidOf(bitmaps.numberOfBit(bit)));
  }
  return names.sort();
}

/** Compares types, and what each stored bitmap holds, with git. Returns how many were stored. */
async function expectBitmaps(repository: Repository, objects: FileObjectDatabase): Promise<number> {
  const { bitmaps } = objects;
  if (bitmaps === undefined) throw new Error('there are no bitmaps');
  const listed = (await repository.git('cat-file', '--batch-all-objects', '--batch-check')).split('\n');
  for (const [type, bits] of Object.entries({
    commit: bitmaps.commits,
    tree: bitmaps.trees,
    blob: bitmaps.blobs,
    tag: bitmaps.tags,
  })) {
    const names = listed.filter((line) => line.split(' ')[1] === type).map((line) => line.split(' ')[0] ?? '');
    expect(namesOf(objects, bitmaps, bits)).toEqual(names.sort());
  }
  for (let bit = 0; bit < bitmaps.bitCount; bit++) expect(bitmaps.bitOfNumber(bitmaps.numberOfBit(bit))).toBe(bit);
  let stored = 0;
  for (const commit of (await repository.git('rev-list', '--all')).split('\n')) {
    const bits = new Uint32Array(bitmaps.wordCount);
    if (!bitmaps.addReachable(objects.numberOf(commit as ObjectId), bits)) continue;
    stored++;
    const reachable = await repository.git('rev-list', '--objects', '--no-object-names', commit);
    expect(namesOf(objects, bitmaps, bits)).toEqual(reachable.split('\n').sort());
  }
  return stored;
}

describe('every bitmap is what git rev-list says', () => {
  test.each<[ObjectFormat, string]>([
    ['sha1', 'true'],
    ['sha1', 'false'],
    ['sha256', 'true'],
  ])('of a pack, %s, with a lookup table: %s', async (format, lookupTable) => {
    await using folder = await makeTemporaryFolder();
    const repository = await makeRichRepository(join(folder.path, 'a.git'), format);
    await repository.configure('pack.writeBitmapLookupTable', lookupTable);
    await repository.git('repack', '-adbq');
    const objects = open(repository, format);
    expect(await expectBitmaps(repository, objects)).toBeGreaterThan(3);
    const { bitmaps } = objects;
    expect(bitmaps?.pack).toBe(0);
    // In pack order: the first bit is the first entry.
    expect(bitmaps?.numberOfBit(0)).toBe(objects.packs[0]?.numberAtOffset(12));
    expect(bitmaps?.numberOfBit(bitmaps.bitCount)).toBe(-1);
    objects.close();
  });

  test.each<[ObjectFormat]>([['sha1'], ['sha256']])('of a multi-pack-index, %s', async (format) => {
    await using folder = await makeTemporaryFolder();
    const repository = await makeRichRepository(join(folder.path, 'a.git'), format);
    await repository.git('repack', '-adq');
    for (let round = 0; round < 3; round++) {
      await repository.commit('refs/heads/main');
      await repository.git('repack', '-dq');
    }
    await repository.git('multi-pack-index', 'write', '--bitmap');
    const objects = open(repository, format);
    expect(objects.packs.length).toBe(4);
    expect(await expectBitmaps(repository, objects)).toBeGreaterThan(3);
    expect(objects.bitmaps?.pack).toBe(-1);
    objects.close();
  });
});

test('name hashes are those of the paths', async () => {
  await using folder = await makeTemporaryFolder();
  const repository = await makeRichRepository(join(folder.path, 'a.git'));
  await repository.git('repack', '-adbq');
  const objects = open(repository);
  const { bitmaps } = objects;
  const hash = (path: string): number =>
    [...Buffer.from(path)].reduce((value, byte) => ((value >>> 2) + (byte << 24)) >>> 0, 0);
  const blob = (await repository.resolve('main:a/b/c/0.txt')) as ObjectId;
  const bit = bitmaps?.bitOfNumber(objects.numberOf(blob)) ?? -1;
  expect(bitmaps?.nameHash(bit)).toBe(hash('a/b/c/0.txt'));
  objects.close();
});

test('there are none when they are switched off, or there is no file', async () => {
  await using folder = await makeTemporaryFolder();
  const repository = await makeRichRepository(join(folder.path, 'a.git'));
  await repository.git('repack', '-adbq');
  const switchedOff = open(repository, 'sha1', false);
  expect(switchedOff.bitmaps).toBeUndefined();
  switchedOff.close();
  const packs = join(repository.path, 'objects/pack');
  for (const file of readdirSync(packs)) if (file.endsWith('.bitmap')) rmSync(join(packs, file));
  const without = open(repository);
  expect(without.bitmaps).toBeUndefined();
  without.close();
});

test('damaged files are not used, or are read within bounds', async () => {
  await using folder = await makeTemporaryFolder();
  const repository = await makeRichRepository(join(folder.path, 'a.git'));
  await repository.git('repack', '-adbq');
  const packs = join(repository.path, 'objects/pack');
  const path = join(packs, readdirSync(packs).find((file) => file.endsWith('.bitmap')) ?? '');
  const whole = readFileSync(path);
  chmodSync(path, 0o644);
  let refused = 0;
  for (let seed = 0; seed < 200; seed++) {
    writeFileSync(path, mutate(whole, seed));
    const objects = open(repository);
    const { bitmaps } = objects;
    if (bitmaps === undefined) {
      refused++;
    } else {
      const bits = new Uint32Array(bitmaps.wordCount);
      for (let number = 0; number < objects.packedCount; number++) bitmaps.addReachable(number, bits);
      bitmaps.nameHash(1);
    }
    objects.close();
  }
  expect(refused).toBeGreaterThan(30);
});
