import { limits } from '../../../core/limits.ts';
import { decodeObjectId, type ObjectFormat, type ObjectId, rawLength } from '../../../core/object-id.ts';
import { decodeRawText } from '../../../core/raw-text.ts';
import { ReftableCursor } from './reftable-cursor.ts';
import { corruptTable } from './reftable-source.ts';

/** What a table says of one ref. */
export interface ReftableRef {
  readonly name: string;
  readonly value: ReftableValue;
}

/** The value of a ref; `deleted` hides what older tables say. */
export type ReftableValue =
  | { readonly kind: 'deleted' }
  | { readonly kind: 'oid'; readonly oid: ObjectId; readonly peeledOid?: ObjectId | undefined }
  | { readonly kind: 'symref'; readonly target: string };

/** Kinds of blocks that are read: of refs, and the index over them or over other index blocks. */
export type ReftableBlockType = 'r' | 'i';

const deleted: ReftableValue = { kind: 'deleted' };
const blockHeaderBytes = 4;

/**
 * One block of refs or of the index over them (reftable, "Ref block format", "Ref index"): records whose names are
 * compressed by what they have in common with the one before, and the places of those that are not.
 */
export class ReftableBlock {
  readonly type: ReftableBlockType;
  /** Bytes up to the padding. */
  readonly length: number;
  readonly #bytes: Buffer;
  readonly #path: string;
  readonly #start: number;
  readonly #restartsAt: number;
  readonly #restartCount: number;
  #key: Buffer;
  #keyLength = 0;

  /**
   * @param bytes - all of the block; borrowed for as long as it is read
   * @param headerAt - where its header begins: behind that of the file in the first block
   * @throws GitMirrorError `GM_CORRUPT`
   */
  constructor(bytes: Buffer, headerAt: number, path: string) {
    this.#path = path;
    this.#bytes = bytes;
    this.#start = headerAt + blockHeaderBytes;
    this.length = bytes.length;
    this.type = bytes[headerAt] === 0x69 ? 'i' : 'r';
    if (this.length < this.#start + 2) throw this.#corrupt('a block is too short');
    this.#restartCount = bytes.readUInt16BE(this.length - 2);
    this.#restartsAt = this.length - 2 - 3 * this.#restartCount;
    if (this.#restartsAt < this.#start) throw this.#corrupt('a block has more restarts than it has room for');
    this.#key = Buffer.allocUnsafe(256);
  }

  /** The refs from the first one on whose name is not less than `from`. */
  *refs(from: Uint8Array, format: ObjectFormat): Generator<ReftableRef, void, undefined> {
    const cursor = this.#cursor(this.#restartBefore(from));
    let isFound = from.length === 0;
    while (!cursor.isAtEnd) {
      const valueType = this.#nextKey(cursor);
      cursor.varint();
      const value = this.#value(cursor, valueType, format);
      isFound ||= this.#compareKey(from) >= 0;
      if (isFound) yield { name: decodeRawText(this.#key, 0, this.#keyLength), value };
    }
  }

  /** In a block of the index: where the block is that holds the first name not less than `from`; undefined when none does. */
  childFor(from: Uint8Array): number | undefined {
    const cursor = this.#cursor(this.#restartBefore(from));
    while (!cursor.isAtEnd) {
      this.#nextKey(cursor);
      const position = cursor.varint();
      if (this.#compareKey(from) >= 0) return position;
    }
    return undefined;
  }

  /** Where to begin reading so that the first name not less than `from` is met: the last restart that is less than it. */
  #restartBefore(from: Uint8Array): number {
    let low = 0;
    let high = this.#restartCount;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      this.#keyLength = 0;
      this.#nextKey(this.#cursor(this.#restart(middle)));
      if (this.#compareKey(from) < 0) low = middle;
      else high = middle;
    }
    this.#keyLength = 0;
    return low === 0 ? this.#start : this.#restart(low);
  }

  #restart(index: number): number {
    const offset = this.#bytes.readUIntBE(this.#restartsAt + 3 * index, 3);
    if (offset < this.#start || offset >= this.#restartsAt) throw this.#corrupt('a restart is outside of its block');
    return offset;
  }

  #cursor(start: number): ReftableCursor {
    return new ReftableCursor(this.#bytes, start, this.#restartsAt, (problem) => this.#corrupt(problem));
  }

  /** Reads a name over the one before it, and returns what is in the lower bits of its length. */
  #nextKey(cursor: ReftableCursor): number {
    const shared = cursor.varint();
    const packed = cursor.varint();
    const valueType = packed % 8;
    const length = Math.floor(packed / 8);
    if (shared > this.#keyLength) throw this.#corrupt('a name shares more than there is');
    const suffixAt = cursor.take(length);
    if (shared + length > this.#key.length) {
      const larger = Buffer.allocUnsafe(2 * (shared + length));
      this.#key.copy(larger, 0, 0, shared);
      this.#key = larger;
    }
    this.#bytes.copy(this.#key, shared, suffixAt, suffixAt + length);
    this.#keyLength = shared + length;
    if (this.#keyLength > limits.maxRefNameBytes) throw this.#corrupt('a name is too long');
    if (this.#keyLength === 0) throw this.#corrupt('a name is empty');
    return valueType;
  }

  #compareKey(target: Uint8Array): number {
    return this.#key.compare(target, 0, target.length, 0, this.#keyLength);
  }

  #value(cursor: ReftableCursor, valueType: number, format: ObjectFormat): ReftableValue {
    const oidLength = rawLength(format);
    switch (valueType) {
      case 0:
        return deleted;
      case 1:
        return { kind: 'oid', oid: decodeObjectId(this.#bytes, cursor.take(oidLength), format) };
      case 2: {
        const oid = decodeObjectId(this.#bytes, cursor.take(oidLength), format);
        return { kind: 'oid', oid, peeledOid: decodeObjectId(this.#bytes, cursor.take(oidLength), format) };
      }
      case 3: {
        const length = cursor.varint();
        const at = cursor.take(length);
        return { kind: 'symref', target: decodeRawText(this.#bytes, at, at + length) };
      }
      default:
        throw this.#corrupt(`a ref has a value of the unknown kind ${String(valueType)}`);
    }
  }

  #corrupt(problem: string): Error {
    return corruptTable(this.#path, problem);
  }
}
