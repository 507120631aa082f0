import type { ObjectFormat } from '../core/object-id.ts';
import { objectTypeName, type ObjectType } from '../objects/object-type.ts';
import { GitMirrorError } from '../core/error.ts';
import { GrowableFloat64, GrowableInt32 } from './growable-array.ts';
import { OidTable } from './oid-table.ts';
import { noBase } from './pending-deltas.ts';

/** One entry as it is added. */
export interface NewEntry {
  /** 1 to 4; 0 for a delta, which takes its base's when it is resolved. */
  readonly type: number;
  /** Where the entry header begins in the scratch file. */
  readonly offset: number;
  /** Bytes of the entry header. */
  readonly headerLength: number;
  /** An entry, `noBase`, or a name through `baseByName`. */
  readonly base: number;
}

/**
 * The index of an object store: pack entries in one scratch file, in typed arrays, about 70 bytes an object. Entries are
 * numbered in the order of the file, names in the order of being mentioned; a name without entry is not in the store.
 * Two entries may hold the same object; the first to be named stands for it.
 */
export class StoreEntries {
  readonly table: OidTable;
  readonly base = new GrowableInt32();
  /** Per entry: the number of its name, -1 while it is a delta that waits for its base. */
  readonly name = new GrowableInt32();
  /** Per name: the entry that stands for it, plus one; 0 for none. May be shorter than the table. */
  readonly entryOfName = new GrowableInt32();
  readonly #offset = new GrowableFloat64();
  readonly #end = new GrowableFloat64();
  readonly #size = new GrowableFloat64();
  /** Bits 0-2 the type, 3-8 the length of the header, from 9 on the delta depth. */
  readonly #packed = new GrowableInt32();
  #objects = 0;

  constructor(format: ObjectFormat) {
    this.table = new OidTable(format);
  }

  /** Entries, those that hold the same object included. */
  get length(): number {
    return this.base.length;
  }

  /** Different objects. */
  get objects(): number {
    return this.#objects;
  }

  /** Adds an entry that has no name yet, and returns its number. `end` must follow. */
  add(entry: NewEntry): number {
    this.#offset.push(entry.offset);
    this.#end.push(entry.offset);
    this.#size.push(0);
    this.#packed.push(entry.type | (entry.headerLength << 3));
    this.base.push(entry.base);
    this.name.push(-1);
    return this.length - 1;
  }

  /** Notes where the entry's compressed bytes end in the scratch file. */
  setEnd(entry: number, end: number): void {
    this.#end.set(entry, end);
  }

  /** Notes what the entry holds. Returns whether the object is new to the store. */
  setObject(entry: number, name: number, type: number, size: number, depth: number): boolean {
    this.name.set(entry, name);
    this.#size.set(entry, size);
    this.#packed.set(entry, (this.#packed.at(entry) & 0x1f8) | type | (depth << 9));
    while (this.entryOfName.length <= name) this.entryOfName.push(0);
    if (this.entryOfName.at(name) !== 0) return false;
    this.entryOfName.set(name, entry + 1);
    this.#objects++;
    return true;
  }

  /** The entry that stands for a name, or -1. */
  entryOf(name: number): number {
    return name >= 0 && name < this.entryOfName.length ? this.entryOfName.at(name) - 1 : -1;
  }

  /** The entry from `first` on that begins at `offset`, or -1. */
  entryAt(offset: number, first: number): number {
    let low = first;
    let high = this.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const found = this.#offset.at(middle);
      if (found === offset) return middle;
      if (found < offset) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }

  offset(entry: number): number {
    return this.#offset.at(entry);
  }

  /** Where the compressed bytes begin. */
  dataStart(entry: number): number {
    return this.#offset.at(entry) + ((this.#packed.at(entry) >>> 3) & 63);
  }

  dataEnd(entry: number): number {
    return this.#end.at(entry);
  }

  /** Inflated size of the object. */
  size(entry: number): number {
    return this.#size.at(entry);
  }

  typeNumber(entry: number): number {
    return this.#packed.at(entry) & 7;
  }

  type(entry: number): ObjectType {
    const type = objectTypeName(this.typeNumber(entry));
    if (type === undefined) throw new GitMirrorError('GM_INTERNAL', 'Reading an object: its delta is not resolved.');
    return type;
  }

  depth(entry: number): number {
    return this.#packed.at(entry) >>> 9;
  }

  isDelta(entry: number): boolean {
    return this.base.at(entry) !== noBase;
  }

  /** Forgets entry `length` and those behind it. */
  truncate(length: number): void {
    for (let entry = length; entry < this.length; entry++) {
      const name = this.name.at(entry);
      if (name < 0 || this.entryOfName.at(name) !== entry + 1) continue;
      this.entryOfName.set(name, 0);
      this.#objects--;
    }
    for (const list of [this.#offset, this.#end, this.#size, this.#packed, this.base, this.name]) list.truncate(length);
  }
}
