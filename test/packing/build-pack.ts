import { createHash } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import { packType } from '../../src/objects/object-type.ts';
import { encodeEntryHeader } from '../../src/pack/pack-entry.ts';
import { encodePackHeader } from '../../src/pack/pack-header.ts';
import { encodeBaseDistance } from '../../src/packing/entry-encoding.ts';

/** An entry of a pack that is put together by hand: a blob, or a delta on an earlier entry. */
export interface BuiltEntry {
  readonly content: Buffer;
  /** Index of the entry it is stored as a delta of. */
  readonly base?: number;
}

/** A pack of sha1 with these blobs, in this order, as OFS_DELTAs where they have a base. */
export function buildPack(entries: readonly BuiltEntry[]): Buffer {
  const parts: Uint8Array[] = [encodePackHeader(entries.length)];
  const offsets: number[] = [];
  let offset = 12;
  for (const { content, base } of entries) {
    offsets.push(offset);
    const entry: Uint8Array[] = [];
    if (base === undefined) {
      entry.push(encodeEntryHeader(packType.blob, content.length), deflateSync(content));
    } else {
      const delta = simpleDelta(entries[base]?.content ?? Buffer.alloc(0), content);
      const distance = new Uint8Array(10);
      const length = encodeBaseDistance(offset - (offsets[base] ?? 0), distance, 0);
      entry.push(encodeEntryHeader(packType.ofsDelta, delta.length), distance.subarray(0, length), deflateSync(delta));
    }
    parts.push(...entry);
    for (const part of entry) offset += part.length;
  }
  const body = Buffer.concat(parts);
  return Buffer.concat([body, createHash('sha1').update(body).digest()]);
}

/** Copies what both begin with, up to 65,535 bytes, and inserts the rest. */
function simpleDelta(base: Buffer, target: Buffer): Buffer {
  let same = 0;
  while (same < Math.min(base.length, target.length, 0xffff) && base[same] === target[same]) same++;
  const bytes = [...size(base.length), ...size(target.length)];
  if (same > 0) bytes.push(0xb0, same & 0xff, same >>> 8);
  for (let at = same; at < target.length; at += 127) {
    const piece = target.subarray(at, at + 127);
    bytes.push(piece.length, ...piece);
  }
  return Buffer.from(bytes);
}

function size(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    bytes.push(rest < 128 ? rest : 0x80 | (rest % 128));
    if (rest < 128) return bytes;
  }
}
