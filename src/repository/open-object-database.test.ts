import { createHash } from 'node:crypto';
import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { mutate } from '../../test/packs/mutate.ts';
import { makeRichRepository } from '../../test/packs/rich-repository.ts';
import { makeRepository } from '../../test/repositories/make-repository.ts';
import { Repository } from '../../test/repositories/repository.ts';
import { runGit } from '../../test/repositories/run-git.ts';
import { makeTemporaryFolder } from '../../test/repositories/temporary-folder.ts';
import { GitMirrorError } from '../core/error.ts';
import type { ObjectFormat, ObjectId } from '../core/object-id.ts';
import { openKernel } from '../kernel/open-kernel.ts';
import { PackCaches } from '../pack/packed-object-reader.ts';
import type { ObjectDatabase, StoredEntry } from './object-database.ts';
import { openObjectDatabase, type FileObjectDatabase } from './open-object-database.ts';

function open(repository: Repository, format: ObjectFormat = 'sha1'): FileObjectDatabase {
  const caches = new PackCaches(openKernel(), 1024 * 1024);
  return openObjectDatabase({ objectDirectories: [join(repository.path, 'objects')], format, caches });
}

/** What our database says of every object, in the form of `git cat-file --batch-check`, with the content hashed. */
function describeObject(objects: ObjectDatabase, oid: ObjectId): string {
  const number = objects.numberOf(oid);
  if (number < 0) return `${oid} missing`;
  const type = objects.typeOf(number);
  const size = objects.sizeOf(number);
  const content = objects.read(number);
  const hash = createHash(objects.format)
    .update(`${content.type} ${content.size}\0`)
    .update(objects.kernel.memory.view(content.address, content.size))
    .digest('hex');
  return `${hash} ${type} ${size}`;
}

async function listObjects(repository: Repository): Promise<readonly string[]> {
  return (await repository.git('cat-file', '--batch-all-objects', '--batch-check')).split('\n');
}

async function expectAllObjects(repository: Repository, format: ObjectFormat = 'sha1'): Promise<FileObjectDatabase> {
  const listed = await listObjects(repository);
  const objects = open(repository, format);
  expect(listed.map((line) => describeObject(objects, line.split(' ')[0] as ObjectId))).toEqual(listed);
  return objects;
}

const shape = { commits: 60, branches: 5, tags: 6, mergeEvery: 7 };

describe('every object is what git says', () => {
  test.each<ObjectFormat>(['sha1', 'sha256'])('of one pack, %s', async (format) => {
    await using folder = await makeTemporaryFolder();
    const repository = await makeRepository(join(folder.path, 'a.git'), { ...shape, format });
    await repository.git('repack', '-adq', '--depth=50');
    const objects = await expectAllObjects(repository, format);
    expect(objects.packs).toHaveLength(1);
    objects.close();
  });

  test('of several packs, some objects in more than one, and loose ones', async () => {
    await using folder = await makeTemporaryFolder();
    const repository = await makeRepository(join(folder.path, 'a.git'), shape);
    for (let round = 0; round < 4; round++) {
      await repository.commit('refs/heads/main', { message: `round ${round}` });
      await repository.git('repack', round % 2 === 0 ? '-q' : '-aq');
    }
    await repository.commit('refs/heads/main');
    const objects = await expectAllObjects(repository);
    expect(objects.packs.length).toBeGreaterThan(1);
    objects.close();
  });

  test('with an index of version 1', async () => {
    await using folder = await makeTemporaryFolder();
    const repository = await makeRepository(join(folder.path, 'a.git'), shape);
    await repository.git('-c', 'pack.indexVersion=1', 'repack', '-adq');
    const objects = await expectAllObjects(repository);
    objects.close();
  });

  test('of an empty repository', async () => {
    await using folder = await makeTemporaryFolder();
    const repository = await makeRepository(join(folder.path, 'a.git'), { commits: 0 });
    const objects = open(repository);
    expect(objects.packedCount).toBe(0);
    expect(objects.numberOf('1'.repeat(40) as ObjectId)).toBe(-1);
    objects.close();
    expect(objects.kernel.memory.usedBytes).toBeGreaterThan(0);
  });
});

describe('objects that come and go while the database is open', () => {
  test('a push, loose or as a pack, is found; numbers stay', async () => {
    await using folder = await makeTemporaryFolder();
    const repository = await makeRepository(join(folder.path, 'a.git'), shape);
    await repository.git('repack', '-adq');
    const objects = open(repository);
    const before = (await repository.resolve('main')) as ObjectId;
    const number = objects.numberOf(before);
    const first = (await repository.commit('refs/heads/main')) as ObjectId;
    const looseNumber = objects.numberOf(first);
    expect(looseNumber).toBeGreaterThanOrEqual(objects.packedCount);
    expect(await listObjects(repository)).toContain(describeObject(objects, first));
    await repository.git('repack', '-dq');
    const second = (await repository.commit('refs/heads/main')) as ObjectId;
    await repository.git('repack', '-dq');
    expect(describeObject(objects, second)).toContain('commit');
    expect(objects.packs.length).toBeGreaterThan(1);
    expect(objects.numberOf(first)).toBe(looseNumber);
    expect(objects.numberOf(before)).toBe(number);
    objects.close();
  });

  test('everything stays readable through repack and prune', async () => {
    await using folder = await makeTemporaryFolder();
    const repository = await makeRepository(join(folder.path, 'a.git'), shape);
    await repository.git('repack', '-q');
    for (let round = 0; round < 3; round++) {
      await repository.commit('refs/heads/main');
      if (round < 2) await repository.git('repack', '-q');
    }
    const listed = await listObjects(repository);
    const objects = open(repository);
    const numbers = listed.map((line) => objects.numberOf(line.split(' ')[0] as ObjectId));
    // What was loose, or deltified otherwise, is now in one new pack; the old ones are gone.
    await repository.git('repack', '-adfq', '--depth=10');
    await repository.git('prune', '--expire=now');
    expect(listed.map((line) => describeObject(objects, line.split(' ')[0] as ObjectId))).toEqual(listed);
    expect(listed.map((line) => objects.numberOf(line.split(' ')[0] as ObjectId))).toEqual(numbers);
    objects.close();
  });

  test('a missing object has a number, and is found once it comes', async () => {
    await using folder = await makeTemporaryFolder();
    const repository = await makeRepository(join(folder.path, 'a.git'), shape);
    const objects = open(repository);
    const { memory } = objects.kernel;
    const name = memory.allocate(64);
    const oid = '557db03de997c86a4a028e1ebd3a1ceb225be238' as ObjectId;
    memory.bytes.set(Buffer.from(oid, 'hex'), name);
    expect(objects.numberOfRaw(name)).toBe(-1);
    const number = objects.numberFor(name);
    expect(objects.has(number)).toBe(false);
    expect(objects.oidOf(number)).toBe(oid);
    expect(() => objects.read(number)).toThrow(expect.objectContaining({ code: 'GM_NOT_FOUND' }) as Error);
    expect(() => objects.typeOf(number)).toThrow(`Reading object ${oid}: it is missing.`);
    const file = join(folder.path, 'hello');
    writeFileSync(file, 'Hello World\n');
    await repository.git('hash-object', '-w', file);
    objects.refresh();
    expect(objects.has(number)).toBe(true);
    expect(objects.numberOf(oid)).toBe(number);
    expect(describeObject(objects, oid)).toBe(`${oid} blob 12`);
    memory.release(name);
    objects.close();
  });
});

describe('as they lie on disk', () => {
  test('entries are what git verify-pack says, and deltas come with their bases', async () => {
    await using folder = await makeTemporaryFolder();
    const repository = await makeRichRepository(join(folder.path, 'a.git'));
    await repository.git('repack', '-adfq', '--depth=20');
    const objects = open(repository);
    const [pack] = objects.packs;
    if (pack === undefined) throw new Error('there is no pack');
    const lines = (await repository.git('verify-pack', '-v', pack.path))
      .split('\n')
      .filter((line) => / \d+ \d+ \d+/.test(line));
    const entry: StoredEntry = { pack: 0, offset: 0, dataOffset: 0, end: 0, type: 0, size: 0, baseNumber: -1 };
    let deltas = 0;
    for (const line of lines) {
      const [oid, type, size, packed, offset, , base] = line.split(/ +/);
      const number = objects.numberOf(oid as ObjectId);
      objects.readEntry(number, entry);
      expect([entry.size, entry.end - entry.offset, entry.offset]).toEqual([size, packed, offset].map(Number));
      expect(objects.typeOf(number)).toBe(type);
      expect(pack.numberAtOffset(entry.offset)).toBe(number);
      expect(entry.baseNumber < 0 ? undefined : objects.oidOf(entry.baseNumber)).toBe(base);
      const delta = objects.readDelta(number);
      expect(delta === undefined ? undefined : objects.oidOf(delta.baseNumber)).toBe(base);
      if (delta === undefined) continue;
      deltas++;
      expect(delta.deltaSize).toBe(entry.size);
      expect(delta.size).toBe(objects.sizeOf(number));
      const { memory } = objects.kernel;
      const hash = createHash('sha1')
        .update(`${delta.type} ${delta.baseSize}\0`)
        .update(memory.view(delta.baseAddress, delta.baseSize));
      expect(hash.digest('hex')).toBe(base);
    }
    expect(deltas).toBeGreaterThan(50);
    expect(pack.objectCount).toBe(lines.length);
    expect(pack.size).toBe(statSync(pack.path).size);
    objects.close();
  });

  test.each<ObjectFormat>(['sha1', 'sha256'])(
    'through a multi-pack-index, with packs outside of it, %s',
    async (format) => {
      await using folder = await makeTemporaryFolder();
      const repository = await makeRepository(join(folder.path, 'a.git'), { ...shape, format });
      for (let round = 0; round < 3; round++) {
        await repository.commit('refs/heads/main');
        await repository.git('repack', round === 1 ? '-aq' : '-q');
      }
      await repository.git('multi-pack-index', 'write');
      await repository.commit('refs/heads/main');
      await repository.git('repack', '-q');
      const objects = await expectAllObjects(repository, format);
      const entry: StoredEntry = { pack: 0, offset: 0, dataOffset: 0, end: 0, type: 0, size: 0, baseNumber: -1 };
      for (const line of await listObjects(repository)) {
        const number = objects.numberOf(line.split(' ')[0] as ObjectId);
        objects.readEntry(number, entry);
        expect(objects.packs[entry.pack]?.numberAtOffset(entry.offset)).toBe(number);
      }
      const copies = objects.packs.reduce((sum, { objectCount }) => sum + objectCount, 0);
      expect(copies).toBeGreaterThan(objects.packedCount);
      objects.close();
      const without = openObjectDatabase({
        objectDirectories: [join(repository.path, 'objects')],
        format,
        caches: new PackCaches(openKernel(), 1024 * 1024),
        useMultiPackIndex: false,
      });
      expect(without.packedCount).toBe(objects.packedCount);
      without.close();
    },
  );

  test('with alternates', async () => {
    await using folder = await makeTemporaryFolder();
    const base = await makeRepository(join(folder.path, 'base.git'), shape);
    await base.git('repack', '-adq');
    await runGit(['clone', '-q', '--bare', '--shared', base.path, join(folder.path, 'fork.git')]);
    const fork = new Repository(join(folder.path, 'fork.git'));
    const tip = (await fork.commit('refs/heads/main')) as ObjectId;
    const objects = openObjectDatabase({
      objectDirectories: [fork, base].map(({ path }) => join(path, 'objects')),
      format: 'sha1',
      caches: new PackCaches(openKernel(), 1024 * 1024),
    });
    expect(describeObject(objects, tip)).toContain(`${tip} commit`);
    const listed = await listObjects(base);
    expect(listed.map((line) => describeObject(objects, line.split(' ')[0] as ObjectId))).toEqual(listed);
    objects.close();
  });
});

describe('damage', () => {
  test('files that are damaged give errors that name them, or do not matter; nothing else', async () => {
    await using folder = await makeTemporaryFolder();
    const repository = await makeRichRepository(join(folder.path, 'a.git'));
    await repository.git('repack', '-adfq');
    await repository.commit('refs/heads/main');
    await repository.git('repack', '-q');
    await repository.git('multi-pack-index', 'write', '--bitmap');
    await repository.git('repack', '-q');
    await repository.commit('refs/heads/main');
    const oids = (await listObjects(repository)).map((line) => line.split(' ')[0] as ObjectId);
    const packs = join(repository.path, 'objects', 'pack');
    const loose = oids.map((oid) => join('..', oid.slice(0, 2), oid.slice(2)));
    const files = [...readdirSync(packs), ...loose.filter((path) => existsSync(join(packs, path)))];
    const caches = new PackCaches(openKernel(), 256 * 1024);
    const used = caches.kernel.memory.usedBytes;
    const codes = new Map<string, number>();
    for (let seed = 0; seed < 60; seed++) {
      const path = join(packs, files[seed % files.length] ?? '');
      const whole = readFileSync(path);
      chmodSync(path, 0o644);
      writeFileSync(path, mutate(whole, seed));
      const objects = openObjectDatabase({ objectDirectories: [dirname(packs)], format: 'sha1', caches });
      expect(() => objects.bitmaps).not.toThrow();
      for (const oid of oids) {
        try {
          describeObject(objects, oid);
        } catch (error) {
          expect(error).toBeInstanceOf(GitMirrorError);
          const { code, message } = error as GitMirrorError;
          expect(['GM_CORRUPT', 'GM_NOT_FOUND', 'GM_LIMIT']).toContain(code);
          expect(message).toContain(oid);
          expect(message).not.toContain(folder.path);
          codes.set(code, (codes.get(code) ?? 0) + 1);
        }
      }
      objects.close();
      writeFileSync(path, whole);
    }
    expect(codes.get('GM_CORRUPT')).toBeGreaterThan(50);
    expect(caches.kernel.memory.usedBytes - used).toBeLessThan(16 * 1024 * 1024);
  });

  test('of an object that is damaged in one pack, another copy is read, as git does', async () => {
    await using folder = await makeTemporaryFolder();
    const repository = await makeRichRepository(join(folder.path, 'a.git'));
    await repository.git('repack', '-adfq');
    const packs = join(repository.path, 'objects/pack');
    const kept = readdirSync(packs).find((name) => name.endsWith('.pack')) ?? '';
    writeFileSync(join(packs, kept.replace('.pack', '.keep')), '');
    await repository.commit('refs/heads/main');
    // A second pack with everything, the first one staying; then objects that are only loose besides.
    await repository.git('-c', 'repack.packKeptObjects=true', 'repack', '-afq', '--depth=5');
    const largest = readdirSync(packs).filter((name) => name.endsWith('.pack') && name !== kept);
    const path = join(packs, largest[0] ?? '');
    const bytes = readFileSync(path);
    bytes.fill(0xff, 2000, bytes.length - 20);
    chmodSync(path, 0o644);
    writeFileSync(path, bytes);
    const objects = open(repository);
    const oids = (await runGit(['show-index'], { input: readFileSync(path.replace('.pack', '.idx')) }))
      .split('\n')
      .map((line) => line.split(' ')[1] as ObjectId);
    const entry: StoredEntry = { pack: 0, offset: 0, dataOffset: 0, end: 0, type: 0, size: 0, baseNumber: -1 };
    for (const oid of oids) {
      expect(describeObject(objects, oid)).toContain(oid);
      objects.readEntry(objects.numberOf(oid), entry);
      expect(objects.readDelta(objects.numberOf(oid))?.size ?? 0).toBeGreaterThanOrEqual(0);
    }
    objects.close();
  });
});
