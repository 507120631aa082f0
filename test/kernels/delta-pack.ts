import { createHash } from 'node:crypto';
import { deflateSync } from 'node:zlib';

const blobType = 3;
const offsetDeltaType = 6;

/** A pack of two objects: the blob `source`, and a delta on it. */
export function packOfDelta(source: Uint8Array, delta: Uint8Array): Buffer {
  const header = Buffer.from('PACK\0\0\0\x02\0\0\0\x02', 'latin1');
  const first = Buffer.concat([entryHeader(blobType, source.length), deflateSync(source)]);
  const second = Buffer.concat([
    entryHeader(offsetDeltaType, delta.length),
    offsetBytes(first.length),
    deflateSync(delta),
  ]);
  const body = Buffer.concat([header, first, second]);
  return Buffer.concat([body, createHash('sha1').update(body).digest()]);
}

function entryHeader(type: number, size: number): Buffer {
  const bytes = [(type << 4) | (size & 15)];
  for (let rest = size >>> 4; rest > 0; rest >>>= 7) {
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) | 0x80;
    bytes.push(rest & 0x7f);
  }
  return Buffer.from(bytes);
}

function offsetBytes(distance: number): Buffer {
  const bytes = [distance & 0x7f];
  for (let rest = distance >>> 7; rest > 0; rest >>>= 7) {
    rest -= 1;
    bytes.unshift((rest & 0x7f) | 0x80);
  }
  return Buffer.from(bytes);
}
