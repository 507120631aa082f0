import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeRepository } from '../../test/repositories/make-repository.ts';
import type { Repository } from '../../test/repositories/repository.ts';
import { makeTemporaryFolder } from '../../test/repositories/temporary-folder.ts';
import type { ObjectFormat, ObjectId } from '../core/object-id.ts';
import { openKernel } from '../kernel/open-kernel.ts';
import { PackCaches } from '../pack/packed-object-reader.ts';
import type { ObjectDatabase } from './object-database.ts';
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
    await repository.git('hash-object', '-w', '--stdin');
    await repository.git('-c', 'fastimport.unpackLimit=100', 'update-ref', 'refs/heads/x', 'main');
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
