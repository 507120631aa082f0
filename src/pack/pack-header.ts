import { createHash } from 'node:crypto';
import { GitMirrorError } from '../core/error.ts';
import type { ObjectFormat } from '../core/object-id.ts';

/** Bytes in front of the first entry of a pack. */
export const packHeaderBytes = 12;

/** What a pack says of itself before its first entry (gitformat-pack, "pack-*.pack files"). */
export interface PackHeader {
  readonly version: 2 | 3;
  /** As claimed by whoever wrote the pack: do not size anything by it unchecked. */
  readonly objectCount: number;
}

/**
 * Decodes the first 12 bytes of a pack.
 *
 * @throws GitMirrorError `GM_PROTOCOL` when they are not `PACK` and version 2 or 3, or fewer than 12.
 */
export function decodePackHeader(bytes: Uint8Array): PackHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < packHeaderBytes || view.getUint32(0) !== 0x5041434b) {
    throw new GitMirrorError('GM_PROTOCOL', 'Reading a pack: what arrived does not begin like a pack.');
  }
  const version = view.getUint32(4);
  if (version !== 2 && version !== 3) {
    throw new GitMirrorError('GM_PROTOCOL', `Reading a pack: version ${version} is neither 2 nor 3.`);
  }
  return { version, objectCount: view.getUint32(8) };
}

/** The 12 bytes in front of `objectCount` entries of a version 2 pack. */
export function encodePackHeader(objectCount: number): Uint8Array {
  const bytes = new Uint8Array(packHeaderBytes);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x5041434b);
  view.setUint32(4, 2);
  view.setUint32(8, objectCount);
  return bytes;
}

/** A whole, valid pack without objects: what a push sends when the target has everything already. */
export function encodeEmptyPack(format: ObjectFormat): Uint8Array {
  const header = encodePackHeader(0);
  return new Uint8Array(Buffer.concat([header, createHash(format).update(header).digest()]));
}

/**
 * Collects a pack's header from pieces of any size.
 *
 * `push` returns the header once 12 bytes have come, undefined before that, and the same header afterwards.
 */
export class PackHeaderReader {
  readonly #bytes = new Uint8Array(packHeaderBytes);
  #filled = 0;
  #header: PackHeader | undefined;

  get header(): PackHeader | undefined {
    return this.#header;
  }

  /** @throws GitMirrorError `GM_PROTOCOL` as {@link decodePackHeader}, as soon as a wrong byte is seen. */
  push(chunk: Uint8Array): PackHeader | undefined {
    if (this.#header !== undefined) return this.#header;
    const part = chunk.subarray(0, packHeaderBytes - this.#filled);
    this.#bytes.set(part, this.#filled);
    this.#filled += part.length;
    const magic = 'PACK';
    for (let index = 0; index < Math.min(magic.length, this.#filled); index++) {
      if (this.#bytes[index] !== magic.charCodeAt(index)) decodePackHeader(this.#bytes);
    }
    if (this.#filled === packHeaderBytes) this.#header = decodePackHeader(this.#bytes);
    return this.#header;
  }
}
