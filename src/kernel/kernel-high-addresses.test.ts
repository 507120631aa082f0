import { randomBytes } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { Arena } from '../../test/kernels/arena.ts';
import { encodeDelta } from '../../test/kernels/encode-delta.ts';
import { placeNames } from '../../test/kernels/name-table.ts';

// Beyond 2 GiB addresses are negative where 32 bits are taken for a signed number. Memory that is not touched costs none.
test.each(['wasm', 'plain'] as const)('the %s kernel works beyond 3 GiB', (kind) => {
  const arena = new Arena(kind, 1024 * 1024, 3 * 2 ** 30);
  const { kernel } = arena;
  const content = randomBytes(40_000);
  const stream = deflateSync(content);
  const input = arena.place(stream);
  expect(input).toBeGreaterThan(3 * 2 ** 30);
  const output = arena.room(content.length);
  expect(kernel.inflate(input, input + stream.length, output, content.length)).toBe(stream.length);
  expect(arena.read(output, content.length).equals(content)).toBe(true);
  expect(kernel.inflatePrefix(input, input + stream.length, output, 100)).toBe(100);

  const target = Buffer.concat([content.subarray(1000), Buffer.from('more')]);
  const index = arena.room(kernel.deltaIndexBytes(content.length));
  kernel.indexDelta(output, content.length, index);
  const targetAt = arena.place(target);
  const delta = arena.room(200);
  const size = kernel.createDelta(output, content.length, index, targetAt, target.length, delta, 200);
  expect(size).toBeGreaterThan(0);
  const result = arena.room(target.length);
  expect(kernel.applyDelta(output, content.length, delta, size, result, target.length)).toBe(0);
  expect(arena.read(result, target.length).equals(target)).toBe(true);

  const names = Array.from({ length: 100 }, () => randomBytes(20)).sort((left, right) => left.compare(right));
  const table = placeNames(arena, names);
  const tree = Buffer.concat(names.flatMap((name, place) => [Buffer.from(`100644 ${place}\0`), name]));
  const treeAt = arena.place(tree);
  const rows = arena.room(12 * 100);
  const marks = arena.place(Buffer.alloc(100));
  kernel.prepareScan({ rawLength: 20, tables: [table], marks, skipMask: 1, setMask: 1, withBlobs: true });
  expect(kernel.scanTree(treeAt, tree.length, 0, rows)).toBe(100);
  expect([...arena.read(marks, 100)]).toEqual(names.map(() => 1));
  const found = names.map((name) => kernel.findName(table, 20, arena.place(name)));
  expect(found).toEqual(names.map((_name, place) => place));
  const { delta: copies } = encodeDelta(tree, [{ from: 0, size: tree.length }]);
  const copiesAt = arena.place(copies);
  expect(kernel.scanTreeDelta(treeAt, tree.length, copiesAt, copies.length, treeAt, tree.length, 0, rows)).toBe(0);
  expect(arena.isIntact).toBe(true);
});
