import { createHash, hash, type Hash } from 'node:crypto';
import { decodeObjectId, type ObjectFormat, type ObjectId } from '../core/object-id.ts';
import type { ObjectType } from './object-type.ts';

/** Up to this many bytes are joined with the header and hashed in one call, which costs half of a hash object. */
const oneCallBytes = 64 * 1024;

let scratch = Buffer.alloc(4096);

/** The bytes that are hashed in front of an object's content: `<type> SP <size> NUL` (gitformat-loose). */
export function encodeObjectHeader(type: ObjectType, size: number): Buffer {
  return Buffer.from(`${type} ${size}\0`, 'latin1');
}

/** A running hash of an object of `size` bytes, its header already taken; update it with the content. */
export function createObjectHash(type: ObjectType, size: number, format: ObjectFormat): Hash {
  return createHash(format).update(encodeObjectHeader(type, size));
}

/**
 * The raw name of the object as a latin1 string, one character a byte: the cheapest form to take out of the hash when
 * millions of names are wanted and none of them as text.
 */
export function hashObjectBinary(type: ObjectType, content: Uint8Array, format: ObjectFormat): string {
  const header = `${type} ${content.length}\0`;
  const total = header.length + content.length;
  if (total > oneCallBytes) return createHash(format).update(header, 'latin1').update(content).digest('binary');
  if (scratch.length < total) scratch = Buffer.alloc(Math.min(oneCallBytes, total * 2));
  scratch.write(header, 0, 'latin1');
  scratch.set(content, header.length);
  return hash(format, scratch.subarray(0, total), 'binary');
}

/** The name of the object with this type and content (gitformat-loose): the hash of its header and content. */
export function hashObject(type: ObjectType, content: Uint8Array, format: ObjectFormat): ObjectId {
  return decodeObjectId(Buffer.from(hashObjectBinary(type, content, format), 'latin1'), 0, format);
}
