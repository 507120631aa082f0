import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { ObjectId } from '../core/object-id.ts';
import { ContentCache } from './content-cache.ts';
import { OidTable } from './oid-table.ts';

describe.each(['sha1', 'sha256'] as const)('OidTable of %s', (format) => {
  const names = Array.from({ length: 20_000 }, (_, index) => {
    // Many that differ in one byte only, at either end.
    const name = createHash(format)
      .update(String(index % 50))
      .digest();
    name.writeUInt16LE(index, index % 2 === 0 ? 0 : name.length - 2);
    return name;
  });
  const distinct = [...new Set(names.map((name) => name.toString('hex')))] as ObjectId[];

  test('numbers names in the order they come, from little room', () => {
    const table = new OidTable(format, 0);
    for (const name of names) table.add(name, 0);
    expect(table.size).toBe(distinct.length);
    expect(distinct.map((name) => table.findOid(name))).toEqual(distinct.map((_, index) => index));
    expect(distinct.map((_, index) => table.oidAt(index))).toEqual(distinct);
    expect(names.every((name) => table.find(Buffer.concat([Buffer.alloc(3), name]), 3) === table.add(name, 0))).toBe(
      true,
    );
    for (const name of distinct.slice(0, 10)) {
      expect(table.addOid(name)).toBe(table.addBinary(Buffer.from(name, 'hex').toString('latin1')));
    }
    expect(table.size).toBe(distinct.length);
    expect(table.findOid('ab'.repeat(format === 'sha1' ? 20 : 32) as ObjectId)).toBe(-1);
    expect(table.findOid('ab'.repeat(format === 'sha1' ? 32 : 20) as ObjectId)).toBe(-1);
  });

  test('renumbers and compares', () => {
    const table = new OidTable(format);
    for (const name of distinct.slice(0, 500)) table.addOid(name);
    const order = Int32Array.from({ length: table.size }, (_, index) => index).sort((a, b) => table.compare(a, b));
    const sorted = table.reordered(order);
    expect(Array.from(order, (_, index) => sorted.oidAt(index))).toEqual(distinct.slice(0, 500).sort());
    expect(sorted.compare(3, 3)).toBe(0);
  });
});

test('ContentCache drops what was not used for the longest time', () => {
  const cache = new ContentCache(4000);
  for (const key of [1, 2, 3]) cache.set(key, new Uint8Array(1000));
  expect(cache.get(1)).toHaveLength(1000);
  cache.set(4, new Uint8Array(1000));
  expect([1, 2, 3, 4].map((key) => cache.get(key) !== undefined)).toEqual([true, false, true, true]);
  cache.set(5, new Uint8Array(3000));
  expect(cache.get(5)).toBeUndefined();
  cache.clear();
  expect(cache.get(1)).toBeUndefined();
});
