import type * as fs from 'node:fs';
import { readdir } from 'node:fs/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import {
  borrowed,
  commitContent,
  makeDelta,
  makePack,
  nameOf,
  varint,
  type MadeEntry,
} from '../../test/packs/make-pack.ts';
import { incompressibleBytes } from '../../test/repositories/random-bytes.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../../test/repositories/temporary-folder.ts';
import { streamOf } from '../core/byte-stream.ts';
import { GitMirrorError } from '../core/error.ts';
import type { ObjectId } from '../core/object-id.ts';
import { openObjectStore, type ObjectStore, type ObjectStoreOptions } from './object-store.ts';

const oid = (text: string): ObjectId => text as ObjectId;
const faults = vi.hoisted(() => ({ isFull: false }));

vi.mock('node:fs', async (importOriginal) => {
  const real = await importOriginal<typeof fs>();
  return {
    ...real,
    writeSync: (...args: Parameters<typeof real.writeSync>) => {
      if (faults.isFull) throw Object.assign(new Error('full'), { code: 'ENOSPC' });
      return real.writeSync(...args);
    },
  };
});

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

describe('bounds and faults', () => {
  const pack = makePack(
    Array.from({ length: 50 }, (_, index) => ({ type: 3, content: incompressibleBytes(9000, index) })),
  );

  test('maxObjects and maxBytes', async () => {
    await withStore({ maxObjects: 49 }, async (store) => {
      const failure = { code: 'GM_LIMIT', details: { limit: 'maxObjects', maxObjects: 49 } };
      await expect(store.addPack(borrowed(pack, 1000))).rejects.toMatchObject(failure);
      for (let index = 0; index < 49; index++) await store.addObject('blob', Buffer.from(String(index)));
      await expect(store.addObject('blob', Buffer.from('one more'))).rejects.toMatchObject(failure);
      expect(store.count).toBe(49);
    });
    await withStore({ maxBytes: pack.length - 1 }, async (store) => {
      const adding = store.addPack(borrowed(pack, 1000));
      await expect(adding).rejects.toMatchObject({ code: 'GM_LIMIT', details: { limit: 'maxBytes' } });
      expect(store.bytes).toBe(0);
    });
    await withStore({ maxObjects: 50, maxBytes: pack.length }, async (store) => {
      await store.addPack(borrowed(pack, 1000));
      await expect(store.addObject('blob', Buffer.from('more'))).rejects.toMatchObject({ code: 'GM_LIMIT' });
    });
  });

  test('a full disk is GM_SYSTEM, and the store can go on when there is room again', async () => {
    await withStore({}, async (store) => {
      faults.isFull = true;
      await expect(store.addPack(borrowed(pack, 10_000))).rejects.toMatchObject({
        code: 'GM_SYSTEM',
        message: expect.stringContaining('no space left') as string,
      });
      faults.isFull = false;
      await store.addPack(borrowed(pack, 10_000));
      expect(store.count).toBe(50);
    });
  });

  test('an abort is thrown as it is', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    await withStore({ signal: controller.signal }, async (store) => {
      async function* source(): AsyncGenerator<Uint8Array, void, void> {
        yield pack.subarray(0, 1000);
        controller.abort(reason);
        yield pack.subarray(1000);
      }
      await expect(store.addPack(source())).rejects.toBe(reason);
      await expect(store.addPack(streamOf(pack))).rejects.toBe(reason);
      await expect(store.read(oid('12'.repeat(20)))).rejects.toBe(reason);
    });
  });

  const base = commitContent([], 'base');
  test.each([
    [
      'a base by name that is missing',
      [{ type: 7, content: makeDelta(5, 3, Buffer.alloc(0)), baseOid: '12'.repeat(20) }],
    ],
    [
      'a base by offset that is no entry',
      [
        { type: 1, content: base },
        { type: 6, content: makeDelta(5, 3, Buffer.alloc(0)), distance: 3 },
      ],
    ],
    [
      'a base of another size',
      [
        { type: 1, content: base },
        { type: 6, content: makeDelta(5, 3, Buffer.alloc(0)), baseIndex: 0 },
      ],
    ],
    [
      'a delta that is none',
      [
        { type: 1, content: base },
        { type: 6, content: Buffer.alloc(3), baseIndex: 0 },
      ],
    ],
    [
      'two that wait for each other',
      [
        { type: 7, content: makeDelta(5, 3, Buffer.alloc(0)), baseOid: '12'.repeat(20) },
        { type: 7, content: makeDelta(5, 3, Buffer.alloc(0)), baseOid: '34'.repeat(20) },
      ],
    ],
  ] satisfies [string, MadeEntry[]][])('%s is GM_CORRUPT', async (_name, entries) => {
    await withStore({}, async (store) => {
      await expect(store.addPack(streamOf(makePack(entries)))).rejects.toMatchObject({ code: 'GM_CORRUPT' });
      expect(store.count).toBe(0);
    });
  });

  test('a delta to a huge object is GM_LIMIT, before any room is made', async () => {
    const huge = Buffer.from([...varint(base.length), ...varint(2 ** 40), 0x90, 1]);
    await withStore({}, async (store) => {
      const bytes = makePack([
        { type: 1, content: base },
        { type: 6, content: huge, baseIndex: 0 },
      ]);
      await expect(store.addPack(streamOf(bytes))).rejects.toMatchObject({ code: 'GM_LIMIT' });
    });
  });

  test('a flip or a cut anywhere is an error, never a crash', async () => {
    const small = makePack([
      { type: 3, content: Buffer.from('some content that is a base') },
      { type: 6, content: makeDelta(27, 20, Buffer.from('tail')), baseIndex: 0 },
      {
        type: 7,
        content: makeDelta(27, 4, Buffer.from('end')),
        baseOid: nameOf('blob', Buffer.from('some content that is a base')),
      },
    ]);
    await withStore({}, async (store) => {
      await fc.assert(
        fc.asyncProperty(
          fc.nat(small.length - 1),
          fc.integer({ min: 1, max: 255 }),
          fc.boolean(),
          async (at, mask, isCut) => {
            const damaged = Buffer.from(isCut ? small.subarray(0, at) : small);
            if (!isCut) damaged[at] = (damaged[at] ?? 0) ^ mask;
            const error: unknown = await store.addPack(borrowed(damaged, 20)).catch((caught: unknown) => caught);
            expect(error).toBeInstanceOf(GitMirrorError);
            expect([store.count, store.bytes]).toEqual([0, 0]);
          },
        ),
        { numRuns: 300 },
      );
      await store.addPack(borrowed(small, 20));
      expect(store.count).toBe(3);
    });
  });
});
