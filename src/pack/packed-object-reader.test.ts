import { writeFileSync } from 'node:fs';
import { deflateSync } from 'node:zlib';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeDelta, makePackWithOffsets, nameOf, type MadeEntry } from '../../test/packs/make-pack.ts';
import { incompressibleBytes } from '../../test/repositories/random-bytes.ts';
import { makeTemporaryFolder } from '../../test/repositories/temporary-folder.ts';
import { openKernel } from '../kernel/open-kernel.ts';
import { PackFile } from './pack-file.ts';
import { PackCaches, PackedObjectReader, type ReadablePack } from './packed-object-reader.ts';

interface OpenedPack extends Disposable {
  readonly pack: ReadablePack;
  readonly reader: PackedObjectReader;
  /** Where each entry begins. */
  readonly offsets: readonly number[];
  content(entry: number): Buffer;
}

/** Writes a pack and opens it. `bases`: index of the entry that each name stands for. */
async function openPack(
  entries: readonly MadeEntry[],
  { cacheBytes = 1024 * 1024, bases = new Map<string, number>() } = {},
): Promise<OpenedPack & AsyncDisposable> {
  const folder = await makeTemporaryFolder();
  const path = join(folder.path, 'made.pack');
  const { pack: bytes, offsets } = makePackWithOffsets(entries);
  writeFileSync(path, bytes);
  const file = PackFile.open(path, 'sha1', undefined);
  if (file === undefined) throw new Error('the pack is missing');
  const pack: ReadablePack = {
    file,
    nextOffset: (offset) => [...offsets, file.end][offsets.indexOf(offset) + 1] ?? -1,
  };
  const kernel = openKernel();
  const usedBefore = kernel.memory.usedBytes;
  const caches = new PackCaches(kernel, cacheBytes);
  const reader = new PackedObjectReader(caches, 'sha1', (rawName) => {
    const index = bases.get(Buffer.from(rawName).toString('hex'));
    return index === undefined ? undefined : { pack, offset: offsets[index] ?? 0 };
  });
  const close = (): void => {
    file.close();
    caches.release();
    expect(kernel.memory.usedBytes).toBe(usedBefore);
  };
  return {
    pack,
    reader,
    offsets,
    content: (entry) => {
      reader.read(pack, offsets[entry] ?? 0);
      return Buffer.from(caches.kernel.memory.view(reader.address, reader.size));
    },
    [Symbol.dispose]: close,
    async [Symbol.asyncDispose]() {
      close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** A chain of deltas, each on the one before: entry i holds i dots behind the base. */
function chainOf(length: number, base: Buffer): MadeEntry[] {
  const entries: MadeEntry[] = [{ type: 3, content: base }];
  for (let index = 1; index <= length; index++) {
    const size = base.length + index - 1;
    entries.push({ type: 6, content: makeDelta(size, size, Buffer.from('.')), baseIndex: index - 1 });
  }
  return entries;
}

describe('objects of every size', () => {
  const sizes = [0, 1, 20, 4096, 40_000, 131_072, 131_073, 500_000, 1_048_577, 5_000_000];
  test.each([0, 64 * 1024, 16 * 1024 * 1024])('with %i bytes of cache', async (cacheBytes) => {
    const contents = sizes.map((size, index) => incompressibleBytes(size, index));
    const entries: MadeEntry[] = contents.flatMap((content, index) => [
      { type: 3, content },
      { type: 6, content: makeDelta(content.length, content.length >>> 1, Buffer.from('end')), baseIndex: index * 2 },
    ]);
    // Compressed data longer than what it holds: stored blocks of one byte.
    const stored = Buffer.concat([
      Buffer.from([0x78, 0x01]),
      ...Array.from({ length: 200 }, () => Buffer.from([0, 0, 0, 0xff, 0xff])),
      deflateSync('abc').subarray(2),
    ]);
    entries.push({ type: 3, content: Buffer.from('abc'), compressed: stored });
    await using opened = await openPack(entries, { cacheBytes });
    for (const order of [entries.keys(), [...entries.keys()].reverse()]) {
      for (const entry of order) {
        const content = contents[entry >>> 1] ?? Buffer.from('abc');
        const half = Buffer.concat([content.subarray(0, content.length >>> 1), Buffer.from('end')]);
        const expected = entry % 2 === 0 ? content : half;
        expect(opened.content(entry).equals(expected)).toBe(true);
        expect(opened.reader.type).toBe(3);
        expect(opened.reader.sizeOf(opened.pack, opened.offsets[entry] ?? 0)).toBe(expected.length);
        expect(opened.reader.typeOf(opened.pack, opened.offsets[entry] ?? 0)).toBe(3);
      }
    }
  });
});

test('a long chain is followed without recursion', async () => {
  const base = Buffer.from('a base that is long enough');
  await using opened = await openPack(chainOf(4000, base), { cacheBytes: 0 });
  expect(opened.content(4000).toString()).toBe(base.toString() + '.'.repeat(4000));
});

test('a delta comes with what it builds on', async () => {
  const base = Buffer.from('some base');
  await using opened = await openPack(chainOf(2, base));
  const { reader, pack, offsets } = opened;
  opened.content(2);
  reader.readWithDelta(pack, offsets[2] ?? 0);
  expect(reader.hasDelta).toBe(true);
  expect(reader.baseSize).toBe(base.length + 1);
  expect(reader.size).toBe(base.length + 2);
  reader.readWithDelta(pack, offsets[0] ?? 0);
  expect(reader.hasDelta).toBe(false);
});

describe('damage is GM_CORRUPT', () => {
  const base = Buffer.from('content of the base');
  const delta = makeDelta(base.length, 5, Buffer.from('!'));
  const name = nameOf('blob', base);
  const other = '12'.repeat(20);
  test.each<[string, MadeEntry[], number, Map<string, number>?]>([
    ['a chain longer than the bound', chainOf(4200, base), 4200],
    ['a base by name that is missing', [{ type: 7, content: delta, baseOid: name }], 0],
    ['a delta on itself', [{ type: 7, content: delta, baseOid: name }], 0, new Map([[name, 0]])],
    [
      'two deltas on each other',
      [
        { type: 7, content: delta, baseOid: name },
        { type: 7, content: delta, baseOid: other },
      ],
      1,
      new Map([
        [name, 1],
        [other, 0],
      ]),
    ],
    ['a base in front of the pack', [{ type: 6, content: delta, distance: 5000 }], 0],
    ['a base in the header of the pack', [{ type: 6, content: delta, distance: 1 }], 0],
    ['an object that is larger than stated', [{ type: 3, content: base, size: base.length - 1 }], 0],
    ['an object that is smaller than stated', [{ type: 3, content: base, size: base.length + 1 }], 0],
    ['a stated size of many gigabytes', [{ type: 3, content: base, size: 2 ** 29 }], 0],
    ['no zlib stream', [{ type: 3, content: base, compressed: Buffer.alloc(40, 7) }], 0],
    ['a zlib stream that is cut off', [{ type: 3, content: base, compressed: deflateSync(base).subarray(0, 9) }], 0],
    ['a reserved type', [{ type: 5, content: base }], 0],
    [
      'a base of another size',
      [
        { type: 3, content: base },
        { type: 6, content: makeDelta(5, 3, Buffer.alloc(0)), baseIndex: 0 },
      ],
      1,
    ],
    [
      'a delta that is empty',
      [
        { type: 3, content: base },
        { type: 6, content: Buffer.alloc(0), baseIndex: 0 },
      ],
      1,
    ],
    [
      'a delta without an end of its sizes',
      [
        { type: 3, content: base },
        { type: 6, content: Buffer.alloc(30, 0xff), baseIndex: 0 },
      ],
      1,
    ],
  ])('%s', async (_name, entries, entry, bases) => {
    for (const cacheBytes of [0, 1024 * 1024]) {
      await using opened = await openPack(entries, { cacheBytes, ...(bases === undefined ? {} : { bases }) });
      expect(() => opened.content(entry)).toThrow(expect.objectContaining({ code: 'GM_CORRUPT' }) as Error);
      expect(() => opened.content(entry)).toThrow(/^Reading made\.pack: /);
    }
  });

  test('an object over the bound is GM_LIMIT', async () => {
    await using opened = await openPack([{ type: 3, content: base, size: 2 ** 29 + 1 }]);
    expect(() => opened.content(0)).toThrow(expect.objectContaining({ code: 'GM_LIMIT' }) as Error);
    await using huge = await openPack([
      { type: 3, content: base },
      { type: 6, content: Buffer.from([base.length, 0xff, 0xff, 0xff, 0xff, 0x7f]), baseIndex: 0 },
    ]);
    expect(() => huge.content(1)).toThrow(expect.objectContaining({ code: 'GM_LIMIT' }) as Error);
  });
});
