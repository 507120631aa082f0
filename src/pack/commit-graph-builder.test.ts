import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  borrowed,
  commitContent,
  makeDelta,
  makePack,
  nameOf,
  varint,
  type MadeEntry,
} from '../../test/packs/make-pack.ts';
import { GitMirrorError } from '../core/error.ts';
import type { ObjectId } from '../core/object-id.ts';
import { readCommitGraph, type ReadCommitGraphOptions } from './commit-graph-builder.ts';
import type { CommitGraph } from './commit-graph.ts';

const oid = (text: string): ObjectId => text as ObjectId;

function read(pack: Uint8Array, options: Partial<ReadCommitGraphOptions> = {}, step = 4096): Promise<CommitGraph> {
  return readCommitGraph(borrowed(pack, step), { format: 'sha1', ...options });
}

describe('deltas', () => {
  const base = commitContent([], 'a message that is long enough to be copied');
  const result = Buffer.concat([base.subarray(0, base.length - 4), Buffer.from('moved')]);
  const delta = makeDelta(base.length, base.length - 4, Buffer.from('moved'));
  const baseOid = nameOf('commit', base);
  const resultOid = nameOf('commit', result);
  const last = Buffer.concat([result, Buffer.from('!')]);
  const lastDelta = makeDelta(result.length, result.length, Buffer.from('!'));

  async function has(entries: readonly MadeEntry[], ...names: readonly string[]): Promise<void> {
    for (const memoryBudgetBytes of [100, 1_000_000]) {
      const graph = await read(makePack(entries), { memoryBudgetBytes }, 50);
      expect(names.map((name) => graph.has(oid(name)))).toEqual(names.map(() => true));
      expect(graph.count).toBe(names.length);
    }
  }

  test('REF_DELTA whose base comes later, and a chain upside down', async () => {
    await has(
      [
        { type: 7, content: lastDelta, baseOid: resultOid },
        { type: 7, content: delta, baseOid },
        { type: 1, content: base },
      ],
      baseOid,
      resultOid,
      nameOf('commit', last),
    );
  });

  test('OFS_DELTA on a REF_DELTA that still waits', async () => {
    await has(
      [
        { type: 7, content: delta, baseOid },
        { type: 6, content: lastDelta, baseIndex: 0 },
        { type: 1, content: base },
      ],
      baseOid,
      resultOid,
      nameOf('commit', last),
    );
  });

  test('a commit that is there twice counts once', async () => {
    await has(
      [
        { type: 1, content: base },
        { type: 1, content: base },
        { type: 6, content: delta, baseIndex: 1 },
        { type: 1, content: result },
      ],
      baseOid,
      resultOid,
    );
  });

  test('deltas of blobs and trees are passed over', async () => {
    const blob = Buffer.from('some text of a file');
    const blobDelta = makeDelta(blob.length, 5, Buffer.from('other'));
    await has(
      [
        { type: 3, content: blob },
        { type: 6, content: blobDelta, baseIndex: 0 },
        { type: 6, content: blobDelta, baseIndex: 1 },
        { type: 7, content: blobDelta, baseOid: nameOf('blob', blob) },
        { type: 1, content: base },
      ],
      baseOid,
    );
  });

  test.each([
    ['a base by name that is missing', [{ type: 7, content: delta, baseOid }]],
    [
      'a base by offset that is no entry',
      [
        { type: 1, content: base },
        { type: 6, content: delta, distance: 3 },
      ],
    ],
    ['a base in front of the pack', [{ type: 6, content: delta, distance: 5000 }]],
    [
      'two that wait for each other',
      [
        { type: 7, content: delta, baseOid: resultOid },
        { type: 7, content: delta, baseOid: '12'.repeat(20) },
      ],
    ],
    ['one that waits for itself', [{ type: 7, content: delta, baseOid: resultOid }]],
    [
      'a base of another size',
      [
        { type: 1, content: last },
        { type: 6, content: delta, baseIndex: 0 },
      ],
    ],
    [
      'a result that is no commit',
      [
        { type: 1, content: base },
        { type: 6, content: makeDelta(base.length, 3, Buffer.alloc(1)), baseIndex: 0 },
      ],
    ],
    ['a commit that is none', [{ type: 1, content: Buffer.from('not a commit') }]],
    ['a tag that is none', [{ type: 4, content: Buffer.from('not a tag') }]],
  ] satisfies [string, MadeEntry[]][])('%s is GM_CORRUPT', async (_name, entries) => {
    await expect(read(makePack(entries))).rejects.toMatchObject({ code: 'GM_CORRUPT' });
  });

  test('a chain longer than the bound is GM_CORRUPT', async () => {
    const entries: MadeEntry[] = [{ type: 1, content: base }];
    for (let length = base.length, index = 0; index < 4200; index++) {
      entries.push({ type: 6, content: makeDelta(length, length, Buffer.from('.')), baseIndex: index });
      length++;
    }
    await expect(read(makePack(entries))).rejects.toMatchObject({ code: 'GM_CORRUPT' });
    const graph = await read(makePack(entries.slice(0, 4000)), { memoryBudgetBytes: 100 });
    expect(graph.count).toBe(4000);
  });

  test('bombs are bounded', async () => {
    const large = Buffer.concat([base, Buffer.alloc(60_000_000, 'x')]);
    const copies = Array.from({ length: 5 }, () => [0xf0, 0xff, 0xff, 0xff]).flat();
    const huge = Buffer.from([...varint(large.length), ...varint(5 * 0xffffff), ...copies]);
    await expect(
      read(
        makePack([
          { type: 1, content: large },
          { type: 6, content: huge, baseIndex: 0 },
        ]),
      ),
    ).rejects.toMatchObject({ code: 'GM_LIMIT' });
    // Tiny deltas that each rebuild 60 MB, and are different.
    const many = Array.from({ length: 400 }, (_, index) => ({
      type: 6,
      content: makeDelta(large.length, 16_000_000, Buffer.from(String(index))),
      baseIndex: 0,
    }));
    await expect(read(makePack([{ type: 1, content: large }, ...many]))).rejects.toMatchObject({
      code: 'GM_LIMIT',
      details: { limit: 'expansion' },
    });
  });
});

describe('damage and bounds', () => {
  const contents = Array.from({ length: 40 }, (_, index) => commitContent([], `commit ${String(index)}`));
  const pack = makePack([
    ...contents.map((content) => ({ type: 1, content })),
    { type: 6, content: makeDelta(contents[0]?.length ?? 0, 100, Buffer.from('x')), baseIndex: 0 },
  ]);

  test('a flip or a cut anywhere is an error, never a crash', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(pack.length - 1),
        fc.integer({ min: 1, max: 255 }),
        fc.boolean(),
        async (at, mask, isCut) => {
          const damaged = Buffer.from(isCut ? pack.subarray(0, at) : pack);
          if (!isCut) damaged[at] = (damaged[at] ?? 0) ^ mask;
          const error: unknown = await read(damaged, {}, 333).catch((caught: unknown) => caught);
          expect(error).toBeInstanceOf(GitMirrorError);
          expect((error as GitMirrorError).code).toMatch(/^GM_(CORRUPT|PROTOCOL|LIMIT)$/);
        },
      ),
      { numRuns: 400 },
    );
  });

  test('more objects than allowed', async () => {
    await expect(read(pack, { maxObjects: 40 })).rejects.toMatchObject({
      code: 'GM_LIMIT',
      details: { limit: 'maxObjects' },
    });
  });

  test('a stated count makes no room for itself', async () => {
    const lying = makePack([{ type: 1, content: contents[0] ?? Buffer.alloc(0) }], { objectCount: 90_000_000 });
    const before = process.memoryUsage().rss;
    await expect(read(lying)).rejects.toMatchObject({ code: 'GM_CORRUPT' });
    expect(process.memoryUsage().rss - before).toBeLessThan(100_000_000);
  });

  test('an abort is thrown as it is, and releases the stream', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    let isReleased = false;
    async function* source(): AsyncGenerator<Uint8Array, void, void> {
      try {
        yield pack.subarray(0, 500);
        controller.abort(reason);
        yield pack.subarray(500);
      } finally {
        isReleased = true;
      }
    }
    await expect(readCommitGraph(source(), { format: 'sha1', signal: controller.signal })).rejects.toBe(reason);
    expect(isReleased).toBe(true);
  });

  test('a folder that is not there is GM_SYSTEM', async () => {
    const reading = read(pack, { spoolDir: '/nowhere/at/all', memoryBudgetBytes: 100 });
    await expect(reading).rejects.toMatchObject({ code: 'GM_SYSTEM' });
  });

  test('progress, and an empty pack', async () => {
    const seen: number[] = [];
    await read(makePack(contents.map((content) => ({ type: 1, content }))), {
      onProgress: (commits) => seen.push(commits),
    });
    expect(seen.at(-1)).toBe(40);
    const empty = await read(makePack([]));
    expect(empty.count).toBe(0);
    expect(empty.topoOrder([])).toEqual([]);
  });
});
