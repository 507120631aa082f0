import { GitMirrorError } from '../core/error.ts';
import { rawLength, type ObjectFormat } from '../core/object-id.ts';
import { packType } from '../objects/object-type.ts';

/** Longest entry header: ten bytes of type and size, and a base name or ten bytes of base offset. */
export const maxEntryHeaderBytes = 10 + 32;

/**
 * What stands in front of an entry's compressed bytes (gitformat-pack, "pack-*.pack files"). Fields are overwritten by
 * the next `decode`: one of these serves for a whole pack.
 */
export class EntryHeader {
  readonly #rawLength: number;
  /** 1 to 4, `packType.ofsDelta` or `packType.refDelta`. */
  type = 0;
  /** Inflated size of the object, or of the delta, as claimed. */
  size = 0;
  /** With `ofsDelta`: how many bytes in front of this entry its base begins. */
  baseDistance = 0;
  /** With `refDelta`: the base's raw name. Valid until the next `decode`. */
  readonly baseName: Uint8Array;
  /** Bytes of the header. */
  length = 0;

  constructor(format: ObjectFormat) {
    this.#rawLength = rawLength(format);
    this.baseName = new Uint8Array(this.#rawLength);
  }

  /**
   * Decodes the header at `start`. Returns false when `input` up to `end` does not hold all of it.
   *
   * @throws GitMirrorError `GM_CORRUPT` when the type is reserved or a number is too long to be true.
   */
  decode(input: Uint8Array, start: number, end: number): boolean {
    let at = start;
    if (at >= end) return false;
    let byte = input[at++] ?? 0;
    this.type = (byte >>> 4) & 7;
    let size = byte & 15;
    for (let scale = 16; byte >= 0x80; scale *= 128) {
      if (at >= end) return false;
      if (scale > 2 ** 45) throw corrupt('states an impossible size');
      byte = input[at++] ?? 0;
      size += (byte & 0x7f) * scale;
    }
    this.size = size;
    if (this.type === packType.ofsDelta) {
      if (at >= end) return false;
      byte = input[at++] ?? 0;
      let distance = byte & 0x7f;
      while (byte >= 0x80) {
        if (at >= end) return false;
        if (distance > 2 ** 45) throw corrupt('has an impossible base');
        byte = input[at++] ?? 0;
        distance = (distance + 1) * 128 + (byte & 0x7f);
      }
      if (distance === 0) throw corrupt('is its own base');
      this.baseDistance = distance;
    } else if (this.type === packType.refDelta) {
      if (end - at < this.#rawLength) return false;
      for (let index = 0; index < this.#rawLength; index++) this.baseName[index] = input[at + index] ?? 0;
      at += this.#rawLength;
    } else if (this.type === 0 || this.type === 5) {
      throw corrupt('has a reserved type');
    }
    this.length = at - start;
    return true;
  }
}

/** The header of an entry of `type` and inflated `size`; `baseName` is the raw name a REF_DELTA builds on. */
export function encodeEntryHeader(type: number, size: number, baseName?: Uint8Array): Uint8Array {
  const bytes: number[] = [];
  let rest = Math.floor(size / 16);
  let byte = (type << 4) | (size % 16);
  while (rest > 0) {
    bytes.push(byte | 0x80);
    byte = rest % 128;
    rest = Math.floor(rest / 128);
  }
  bytes.push(byte);
  if (baseName !== undefined) bytes.push(...baseName);
  return Uint8Array.from(bytes);
}

function corrupt(problem: string): GitMirrorError {
  return new GitMirrorError('GM_CORRUPT', `Reading a pack: an entry ${problem}.`);
}
