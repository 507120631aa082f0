import { createHash } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import type { ObjectFormat } from '../../src/core/object-id.ts';

/** One entry of a made pack. What is not said is told truly. */
export interface MadeEntry {
  /** 1 commit, 2 tree, 3 blob, 4 tag, 6 OFS_DELTA, 7 REF_DELTA. */
  readonly type: number;
  readonly content: Uint8Array;
  /** Size stated in the header. */
  readonly size?: number;
  /** With type 6: index of the entry that is the base. */
  readonly baseIndex?: number;
  /** With type 6: the distance to the base, instead of the true one. */
  readonly distance?: number;
  /** With type 7: name of the base. */
  readonly baseOid?: string;
  /** Compressed bytes, instead of the true ones. */
  readonly compressed?: Uint8Array;
}

/** A pack of these entries, damaged on purpose where they say so; its trailer is right. */
export function makePack(
  entries: readonly MadeEntry[],
  options: { format?: ObjectFormat; objectCount?: number } = {},
): Buffer {
  return makePackWithOffsets(entries, options).pack;
}

/** The same, and where each entry begins. */
export function makePackWithOffsets(
  entries: readonly MadeEntry[],
  { format = 'sha1', objectCount = entries.length }: { format?: ObjectFormat; objectCount?: number } = {},
): { readonly pack: Buffer; readonly offsets: readonly number[] } {
  const header = Buffer.alloc(12);
  header.write('PACK', 0, 'latin1');
  header.writeUInt32BE(2, 4);
  header.writeUInt32BE(objectCount, 8);
  const parts: Buffer[] = [header];
  const offsets: number[] = [];
  let offset = header.length;
  for (const entry of entries) {
    offsets.push(offset);
    const bytes = [...sizeBytes(entry.type, entry.size ?? entry.content.length)];
    if (entry.type === 6) bytes.push(...distanceBytes(entry.distance ?? offset - (offsets[entry.baseIndex ?? 0] ?? 0)));
    if (entry.type === 7) bytes.push(...Buffer.from(entry.baseOid ?? '', 'hex'));
    const part = Buffer.concat([Buffer.from(bytes), entry.compressed ?? deflateSync(entry.content)]);
    offset += part.length;
    parts.push(part);
  }
  const body = Buffer.concat(parts);
  return { pack: Buffer.concat([body, createHash(format).update(body).digest()]), offsets };
}

/** A delta that keeps the first `keep` bytes of a base of `baseSize` and appends `tail` (1 to 127 bytes, or none). */
export function makeDelta(baseSize: number, keep: number, tail: Uint8Array): Buffer {
  // Offset 0 in one byte, size in three.
  const instructions = keep > 0 ? [0xf1, 0, keep & 0xff, (keep >> 8) & 0xff, (keep >> 16) & 0xff] : [];
  const insert = tail.length > 0 ? [tail.length, ...tail] : [];
  return Buffer.from([...varint(baseSize), ...varint(keep + tail.length), ...instructions, ...insert]);
}

/** Name of the object with this type and content. */
export function nameOf(type: string, content: Uint8Array, format: ObjectFormat = 'sha1'): string {
  return createHash(format)
    .update(`${type} ${String(content.length)}\0`)
    .update(content)
    .digest('hex');
}

/** Content of a commit of the empty tree. */
export function commitContent(parents: readonly string[], message: string, format: ObjectFormat = 'sha1'): Buffer {
  const who = 'A U Thor <author@example.com> 1700000000 +0000';
  return Buffer.from(
    [
      `tree ${nameOf('tree', Buffer.alloc(0), format)}`,
      ...parents.map((parent) => `parent ${parent}`),
      `author ${who}`,
      `committer ${who}`,
      '',
      message,
    ].join('\n'),
  );
}

/** `bytes` in pieces of `step` bytes, each a copy that is spoilt once the next one is asked for. */
export async function* borrowed(bytes: Uint8Array, step: number): AsyncGenerator<Uint8Array, void, void> {
  for (let at = 0; at < bytes.length; at += step) {
    const piece = new Uint8Array(bytes.subarray(at, at + step));
    yield piece;
    piece.fill(0xaa);
  }
}

/** A size as deltas state it. */
export function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) | 0x80);
    rest = Math.floor(rest / 128);
  }
  return [...bytes, rest];
}

function sizeBytes(type: number, size: number): number[] {
  const rest = Math.floor(size / 16);
  const first = (type << 4) | (size % 16);
  return rest > 0 ? [first | 0x80, ...varint(rest)] : [first];
}

function distanceBytes(distance: number): number[] {
  const bytes = [distance % 128];
  for (let rest = Math.floor(distance / 128); rest > 0; rest = Math.floor(rest / 128)) {
    rest -= 1;
    bytes.unshift((rest % 128) | 0x80);
  }
  return bytes;
}
