import { createHash } from 'node:crypto';
import type { ObjectFormat } from '../../src/core/object-id.ts';

/** One line of a made index. */
export interface MadeIndexEntry {
  readonly oid: string;
  readonly offset: number;
}

/** An index of version 2 that says this of a pack, true or not; names are put in order. */
export function makeIndex(
  entries: readonly MadeIndexEntry[],
  packChecksum: Uint8Array,
  format: ObjectFormat = 'sha1',
): Buffer {
  const sorted = [...entries].sort((left, right) => (left.oid < right.oid ? -1 : 1));
  const fanout = Buffer.alloc(1024);
  for (let first = 0; first < 256; first += 1) {
    fanout.writeUInt32BE(sorted.filter(({ oid }) => Number.parseInt(oid.slice(0, 2), 16) <= first).length, first * 4);
  }
  const offsets = Buffer.alloc(sorted.length * 4);
  const large: number[] = [];
  for (const [position, { offset }] of sorted.entries()) {
    offsets.writeUInt32BE(offset < 2 ** 31 ? offset : 2 ** 31 + large.push(offset) - 1, position * 4);
  }
  const largeOffsets = Buffer.alloc(large.length * 8);
  for (const [position, offset] of large.entries()) largeOffsets.writeBigUInt64BE(BigInt(offset), position * 8);
  const body = Buffer.concat([
    Buffer.from('ff744f6300000002', 'hex'),
    fanout,
    ...sorted.map(({ oid }) => Buffer.from(oid, 'hex')),
    Buffer.alloc(sorted.length * 4),
    offsets,
    largeOffsets,
    packChecksum,
  ]);
  return Buffer.concat([body, createHash(format).update(body).digest()]);
}
