import type { ObjectFormat, ObjectId } from '../core/object-id.ts';
import { GrowableFloat64, GrowableInt32 } from '../pack/growable-array.ts';
import { OidTable } from '../pack/oid-table.ts';

/** In place of a pack's index. */
export const noPack = { loose: -1, missing: -2, unknown: -3 } as const;

/** Objects that were in no pack when the database was opened: loose, come later, or missing. Numbered from 0. */
export class ExtraObjects {
  readonly #names: OidTable;
  readonly #packs = new GrowableInt32();
  readonly #offsets = new GrowableFloat64();
  /** When each was last looked for. */
  readonly #lookedAt = new GrowableFloat64();

  constructor(format: ObjectFormat) {
    this.#names = new OidTable(format, 16);
  }

  get count(): number {
    return this.#names.size;
  }

  /** Raw names, one after the other; borrowed until the next `add`. */
  get names(): Uint8Array {
    return this.#names.bytes;
  }

  /** Index of the raw name at `offset`, or -1. */
  find(source: Uint8Array, offset: number): number {
    return this.#names.find(source, offset);
  }

  /** The same, added if it is new: nothing is known of it then. */
  add(source: Uint8Array, offset: number): number {
    const index = this.#names.add(source, offset);
    if (index === this.#packs.length) {
      this.#packs.push(noPack.unknown);
      this.#offsets.push(-1);
      this.#lookedAt.push(-1);
    }
    return index;
  }

  oidAt(index: number): ObjectId {
    return this.#names.oidAt(index);
  }

  /** Index of the pack it is in, or one of {@link noPack}. */
  packOf(index: number): number {
    return this.#packs.at(index);
  }

  offsetOf(index: number): number {
    return this.#offsets.at(index);
  }

  lookedAt(index: number): number {
    return this.#lookedAt.at(index);
  }

  place(index: number, pack: number, offset: number, lookedAt: number): void {
    this.#packs.set(index, pack);
    this.#offsets.set(index, offset);
    this.#lookedAt.set(index, lookedAt);
  }
}
