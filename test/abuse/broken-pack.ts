import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';

/** One object of a pack that is written by hand. */
export interface HandmadeEntry {
  /** The name the index gives it, whether it is right or not. */
  readonly oid: string;
  /** 1 commit, 2 tree, 3 blob, 4 tag, 6 delta with a distance, 7 delta with a name. */
  readonly type: number;
  /** For type 7. */
  readonly baseOid?: string;
  /** For type 6. */
  readonly distance?: number;
  /** What the header says; by default the length of the content. */
  readonly size?: number;
  readonly content: Uint8Array;
}

/** A delta that copies so many bytes from the beginning of a base of `baseBytes`. */
export function copyDelta(baseBytes: number, copied: number): Uint8Array {
  return Uint8Array.from([...varint(baseBytes), ...varint(copied), 0x90, copied & 0x7f]);
}

/** Writes a pack and its index (version 2) into the repository, with the right checksums, whatever is in them. */
export async function writePack(repository: string, entries: readonly HandmadeEntry[]): Promise<string> {
  const parts: Buffer[] = [Buffer.from('PACK'), be32(2), be32(entries.length)];
  let offset = 12;
  const listed = entries.map((entry) => {
    const bytes = encodeEntry(entry);
    parts.push(bytes);
    const row = { oid: entry.oid, crc: crc32(bytes), offset };
    offset += bytes.length;
    return row;
  });
  const body = Buffer.concat(parts);
  const checksum = createHash('sha1').update(body).digest();
  const name = join(repository, 'objects', 'pack', `pack-${checksum.toString('hex')}`);
  await mkdir(join(repository, 'objects', 'pack'), { recursive: true });
  await writeFile(`${name}.pack`, Buffer.concat([body, checksum]));
  const rows = listed.sort((left, right) => (left.oid < right.oid ? -1 : 1));
  const fanout = Array.from({ length: 256 }, (_, first) =>
    be32(rows.filter(({ oid }) => Number.parseInt(oid.slice(0, 2), 16) <= first).length),
  );
  const index = Buffer.concat([
    Buffer.from([0xff, 0x74, 0x4f, 0x63]),
    be32(2),
    ...fanout,
    ...rows.map(({ oid }) => Buffer.from(oid, 'hex')),
    ...rows.map(({ crc }) => be32(crc)),
    ...rows.map((row) => be32(row.offset)),
    checksum,
  ]);
  await writeFile(`${name}.idx`, Buffer.concat([index, createHash('sha1').update(index).digest()]));
  return name;
}

function encodeEntry({ type, size, content, baseOid, distance }: HandmadeEntry): Buffer {
  let left = size ?? content.length;
  const head = [(type << 4) | (left & 15)];
  left = Math.floor(left / 16);
  while (left > 0) {
    head[head.length - 1] = (head.at(-1) ?? 0) | 0x80;
    head.push(left & 127);
    left = Math.floor(left / 128);
  }
  const base = baseOid === undefined ? Buffer.alloc(0) : Buffer.from(baseOid, 'hex');
  const back = distance === undefined ? Buffer.alloc(0) : Buffer.from([distance]);
  return Buffer.concat([Buffer.from(head), base, back, deflateSync(content)]);
}

function varint(value: number): readonly number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(Math.floor(value / 128))];
}

function be32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}
