import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { borrowed, makePack, nameOf } from '../../test/packs/make-pack.ts';
import { makeRichRepository } from '../../test/packs/rich-repository.ts';
import { incompressibleBytes } from '../../test/repositories/random-bytes.ts';
import type { Repository } from '../../test/repositories/repository.ts';
import { runGit, runGitForBytes } from '../../test/repositories/run-git.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../../test/repositories/temporary-folder.ts';
import { streamOf } from '../core/byte-stream.ts';
import type { ObjectFormat, ObjectId } from '../core/object-id.ts';
import { openObjectStore, type ObjectStore, type ObjectStoreOptions } from './object-store.ts';
import { writePack } from './write-pack.ts';

const oid = (text: string): ObjectId => text as ObjectId;
let shared: TemporaryFolder;
beforeAll(async () => {
  shared = await makeTemporaryFolder();
});
afterAll(async () => {
  expect(await readdir(shared.path)).toEqual([]);
  await shared[Symbol.asyncDispose]();
});

/** Runs `use` with a store that is closed afterwards. */
async function withStore<Result>(
  options: Partial<ObjectStoreOptions>,
  use: (store: ObjectStore) => Promise<Result>,
): Promise<Result> {
  const store = openObjectStore({ dir: shared.path, format: 'sha1', ...options });
  try {
    return await use(store);
  } finally {
    await store.close();
  }
}

async function collect(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

interface Listed {
  readonly name: ObjectId;
  readonly type: string;
  readonly size: number;
}

async function listObjects(repository: Repository): Promise<Listed[]> {
  const names = await repository.git('rev-list', '--objects', '--no-object-names', '--all');
  const lines = await runGit(['cat-file', '--batch-check'], { cwd: repository.path, input: `${names}\n` });
  return lines.split('\n').map((line) => {
    const [name = '', type = '', size] = line.split(' ');
    return { name: oid(name), type, size: Number(size) };
  });
}

describe.each(['sha1', 'sha256'] as const)('objects of a %s repository', (format: ObjectFormat) => {
  let folder: TemporaryFolder;
  let repository: Repository;
  let listed: Listed[];
  beforeAll(async () => {
    folder = await makeTemporaryFolder();
    repository = await makeRichRepository(folder.path, format);
    listed = await listObjects(repository);
  });
  afterAll(async () => {
    await folder[Symbol.asyncDispose]();
  });

  const pack = (...options: string[]): Promise<Buffer> =>
    runGitForBytes(['pack-objects', '--all', '--stdout', '-q', ...options], { cwd: repository.path });

  async function expectTakenByGit(bytes: Uint8Array): Promise<void> {
    await using target = await makeTemporaryFolder();
    await runGit(['init', '-q', '--bare', `--object-format=${format}`, target.path]);
    const file = join(target.path, 'written.pack');
    await writeFile(file, bytes);
    await runGit(['index-pack', '--strict', '--stdin', '-v'], { cwd: target.path, input: bytes });
    for (const line of (await repository.git('for-each-ref', '--format=%(objectname) %(refname)')).split('\n')) {
      const [name = '', ref = ''] = line.split(' ');
      await runGit(['update-ref', ref, name], { cwd: target.path });
    }
    await runGit(['fsck', '--full', '--strict', '--no-dangling', '--no-progress'], { cwd: target.path });
  }

  test.each([['--delta-base-offset'], ['--no-reuse-delta'], ['--depth=50', '--window=50', '--delta-base-offset']])(
    'are all there, whatever the pack looks like (%s), and a written pack holds them',
    async (...options: string[]) => {
      const bytes = await pack(...options);
      for (const cacheBytes of [1000, undefined]) {
        await withStore({ format, cacheBytes }, async (store) => {
          const { objects } = await store.addPack(borrowed(bytes, 30_000));
          expect(objects).toBe(listed.length);
          expect(store.count).toBe(listed.length);
          expect(store.bytes).toBe(bytes.length);
          for (const { name, type, size } of listed) {
            expect([store.has(name), store.typeOf(name), store.sizeOf(name)]).toEqual([true, type, size]);
            const object = await store.read(name);
            expect(nameOf(object.type, object.content, format)).toBe(name);
            expect(store.storedBytes(name)).toBeGreaterThan(8);
          }
          const written = await collect(
            writePack(
              store,
              listed.map(({ name }) => name),
              { format },
            ),
          );
          expect(written.readUInt32BE(8)).toBe(listed.length);
          // Every delta is reused: only its base is named at length.
          expect(written.length).toBeLessThan(bytes.length + 36 * listed.length);
          await expectTakenByGit(written);
          const backwards = listed.map(({ name }) => name).reverse();
          expect((await collect(writePack(store, [...backwards, ...backwards], { format }))).length).toBe(
            written.length,
          );
          await withStore({ format }, async (second) => {
            await second.addPack(streamOf(written));
            expect(second.count).toBe(listed.length);
          });
        });
      }
    },
  );

  test('a selection that leaves bases out is rebuilt', async () => {
    await withStore({ format }, async (store) => {
      await store.addPack(borrowed(await pack('--depth=50', '--window=50'), 65_536));
      const deltas = listed.filter(({ name }) => store.storedEntry(store.numberOf(name)).baseNumber >= 0);
      expect(deltas.length).toBeGreaterThan(100);
      // One without its base; then a chain of which the middle is missing.
      for (const names of [
        [deltas[0]?.name ?? oid('')],
        deltas.filter((_, index) => index % 2 === 0).map(({ name }) => name),
      ]) {
        const written = await collect(writePack(store, names, { format }));
        await withStore({ format }, async (second) => {
          await second.addPack(streamOf(written));
          expect(second.count).toBe(names.length);
          for (const name of names) expect((await second.read(name)).content).toEqual((await store.read(name)).content);
        });
      }
    });
  });

  test('come singly too, from loose files', async () => {
    await using loose = await makeTemporaryFolder();
    await runGit(['init', '-q', '--bare', `--object-format=${format}`, loose.path]);
    await runGit(['unpack-objects', '-q'], { cwd: loose.path, input: await pack() });
    await withStore({ format }, async (store) => {
      await Promise.all(
        listed.map(async ({ name }) => {
          const file = await readFile(join(loose.path, 'objects', name.slice(0, 2), name.slice(2)));
          await store.addLoose(name, borrowed(file, 5000));
        }),
      );
      expect(store.count).toBe(listed.length);
      for (const { name, type, size } of listed) {
        expect([store.typeOf(name), store.sizeOf(name)]).toEqual([type, size]);
        const { content } = await store.read(name);
        expect(nameOf(type, content, format)).toBe(name);
      }
      const before = store.bytes;
      const [first] = listed;
      if (first === undefined) throw new Error('no objects');
      const file = await readFile(join(loose.path, 'objects', first.name.slice(0, 2), first.name.slice(2)));
      await store.addLoose(first.name, streamOf(file));
      expect(store.bytes).toBe(before);
      await expectTakenByGit(
        await collect(
          writePack(
            store,
            listed.map(({ name }) => name),
            { format },
          ),
        ),
      );
    });
  });

  test('a thin pack builds on what is there', async () => {
    const options = ['pack-objects', '--revs', '--thin', '--stdout', '-q'];
    const older = await runGitForBytes(options, { cwd: repository.path, input: 'main~30\n' });
    const newer = await runGitForBytes(options, { cwd: repository.path, input: 'main\n^main~30\n' });
    await withStore({ format }, async (store) => {
      await expect(store.addPack(streamOf(newer))).rejects.toMatchObject({ code: 'GM_CORRUPT' });
      expect([store.count, store.bytes]).toEqual([0, 0]);
      await store.addPack(streamOf(older));
      await store.addPack(streamOf(newer));
      const expected = await repository.git('rev-list', '--objects', '--no-object-names', 'main');
      for (const name of expected.split('\n'))
        expect(nameOf((await store.read(oid(name))).type, (await store.read(oid(name))).content, format)).toBe(name);
    });
  });
});

describe('additions', () => {
  test('objects made here', async () => {
    await withStore({}, async (store) => {
      const content = Buffer.from('hello');
      const name = await store.addObject('blob', content);
      expect(name).toBe(nameOf('blob', content));
      expect(await store.addObject('blob', content)).toBe(name);
      expect(store.count).toBe(1);
      expect(Buffer.from((await store.read(name)).content).toString()).toBe('hello');
      expect(store.has(oid('12'.repeat(20)))).toBe(false);
      expect(store.typeOf(oid('12'.repeat(32)))).toBeUndefined();
      expect(store.sizeOf(oid('12'.repeat(20)))).toBeUndefined();
      expect(store.storedBytes(oid('12'.repeat(20)))).toBeUndefined();
      await expect(store.read(oid('12'.repeat(20)))).rejects.toMatchObject({ code: 'GM_CORRUPT' });
      await expect(collect(writePack(store, [oid('12'.repeat(20))], { format: 'sha1' }))).rejects.toMatchObject({
        code: 'GM_CORRUPT',
        details: { oid: '12'.repeat(20) },
      });
    });
  });

  test('the same object in two packs counts once, and packs may run side by side', async () => {
    const packs = [
      [
        { type: 3, content: Buffer.from('a') },
        { type: 3, content: Buffer.from('b') },
      ],
      [
        { type: 3, content: Buffer.from('b') },
        { type: 3, content: Buffer.from('c') },
      ],
    ].map((entries) => makePack(entries));
    await withStore({}, async (store) => {
      const results = await Promise.all(packs.map((bytes) => store.addPack(borrowed(bytes, 3))));
      expect(results).toEqual([{ objects: 2 }, { objects: 2 }]);
      expect(store.count).toBe(3);
    });
  });

  test('a failed pack leaves nothing behind', async () => {
    const first = makePack([{ type: 3, content: Buffer.from('first') }]);
    const second = makePack([
      { type: 3, content: Buffer.from('first') },
      { type: 3, content: Buffer.from('second') },
      { type: 3, content: incompressibleBytes(600_000, 1) },
    ]);
    const damaged = Buffer.from(second);
    damaged[damaged.length - 1] = (damaged.at(-1) ?? 0) ^ 1;
    await withStore({}, async (store) => {
      await store.addPack(streamOf(first));
      const { bytes } = store;
      await expect(store.addPack(borrowed(damaged, 10_000))).rejects.toMatchObject({ code: 'GM_CORRUPT' });
      expect([store.count, store.bytes]).toEqual([1, bytes]);
      expect(store.has(oid(nameOf('blob', Buffer.from('second'))))).toBe(false);
      await store.addPack(borrowed(second, 10_000));
      expect(store.count).toBe(3);
      const large = await store.read(oid(nameOf('blob', incompressibleBytes(600_000, 1))));
      expect(Buffer.compare(large.content, incompressibleBytes(600_000, 1))).toBe(0);
    });
  });

  test('large blobs are hashed and sent in pieces, never whole', async () => {
    const size = 200_000_000;
    const compressed = deflateSync(Buffer.alloc(size, 'abcdefgh'));
    const pack = makePack([{ type: 3, content: Buffer.alloc(0), size, compressed }]);
    const name = await runGit(['hash-object', '--stdin'], { input: Buffer.alloc(size, 'abcdefgh') });
    await withStore({}, async (store) => {
      const before = process.memoryUsage().arrayBuffers;
      let most = 0;
      await store.addPack(
        (async function* () {
          for await (const chunk of borrowed(pack, 4096)) {
            yield chunk;
            most = Math.max(most, process.memoryUsage().arrayBuffers - before);
          }
        })(),
      );
      expect(store.sizeOf(oid(name))).toBe(size);
      expect(most).toBeLessThan(50_000_000);
      expect((await collect(writePack(store, [oid(name)], { format: 'sha1' }))).equals(pack)).toBe(true);
    });
  });

  test('a large loose blob too', async () => {
    const size = 30_000_000;
    const content = Buffer.concat([incompressibleBytes(2_000_000, 4), Buffer.alloc(size - 2_000_000, 'xyz')]);
    const name = oid(nameOf('blob', content));
    const file = deflateSync(Buffer.concat([Buffer.from(`blob ${String(size)}\0`), content]));
    await withStore({}, async (store) => {
      await store.addLoose(name, borrowed(file, 1000));
      expect(Buffer.compare((await store.read(name)).content, content)).toBe(0);
    });
    await withStore({ maxBytes: 1_000_000 }, async (store) => {
      await expect(store.addLoose(name, borrowed(file, 1000))).rejects.toMatchObject({ code: 'GM_LIMIT' });
      expect(store.bytes).toBe(0);
    });
  });
});
