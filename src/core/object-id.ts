/** The hash function that names a repository's objects (gitformat-hash-function-transition). */
export type ObjectFormat = 'sha1' | 'sha256';

/** An object's name as lower-case hexadecimal digits: 40 for sha1, 64 for sha256. */
export type ObjectId = string & { readonly __brand: 'ObjectId' };

const hexLengths: Readonly<Record<ObjectFormat, number>> = { sha1: 40, sha256: 64 };
const patterns: Readonly<Record<ObjectFormat, RegExp>> = { sha1: /^[0-9a-f]{40}$/, sha256: /^[0-9a-f]{64}$/ };

/** Number of hexadecimal digits in a name of this format. */
export function hexLength(format: ObjectFormat): number {
  return hexLengths[format];
}

/** Number of bytes in a binary name of this format. */
export function rawLength(format: ObjectFormat): number {
  return hexLengths[format] / 2;
}

/** Whether `text` is a full, lower-case object name of `format` (of either one when it is left out). */
export function isObjectId(text: string, format?: ObjectFormat): text is ObjectId {
  return format === undefined ? patterns.sha1.test(text) || patterns.sha256.test(text) : patterns[format].test(text);
}

/** The format whose names have the length of `oid`. */
export function formatOf(oid: ObjectId): ObjectFormat {
  return oid.length === hexLengths.sha256 ? 'sha256' : 'sha1';
}

const nullOids: Readonly<Record<ObjectFormat, ObjectId>> = {
  sha1: '0'.repeat(40) as ObjectId,
  sha256: '0'.repeat(64) as ObjectId,
};

/** The all-zero name, which stands for "no object" in ref updates (gitprotocol-pack, "Reference Update Request"). */
export function nullOid(format: ObjectFormat): ObjectId {
  return nullOids[format];
}

/** Whether `oid` is the all-zero name of its format. */
export function isNullOid(oid: ObjectId): boolean {
  return oid === nullOids.sha1 || oid === nullOids.sha256;
}

/** The hexadecimal name held in the `rawLength(format)` bytes at `offset`. */
export function decodeObjectId(bytes: Uint8Array, offset: number, format: ObjectFormat): ObjectId {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset + offset, rawLength(format));
  return view.toString('hex') as ObjectId;
}

/** The binary form of `oid`, freshly allocated. */
export function encodeObjectId(oid: ObjectId): Uint8Array {
  return new Uint8Array(Buffer.from(oid, 'hex'));
}
