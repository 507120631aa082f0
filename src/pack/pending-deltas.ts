import { GrowableInt32 } from './growable-array.ts';

/** In a list of bases: the entry is no delta. Other numbers from 0 on are entries. */
export const noBase = -1;

/** In a list of bases: what stands for the base with name `number` until its entry is known; and back again. */
export function baseByName(number: number): number {
  return -2 - number;
}

/**
 * Which deltas of a pack wait for which base, as linked lists in typed arrays, and those that can be resolved now.
 *
 * A delta's base is either an entry, or, with REF_DELTA, a name whose entry may come later or never. `pop` gives a delta
 * whose base is there; after resolving it, `resolved` releases what waited for it in turn. What was released last comes
 * first, so that a base is used while it is still at hand. Deltas that wait for each other are never given.
 */
export class PendingDeltas {
  readonly #first: number;
  readonly #ofEntry: Int32Array;
  readonly #ofName: Int32Array;
  readonly #next: Int32Array;
  readonly #ready = new GrowableInt32();

  /**
   * @param first - the first entry that may wait; it and those behind it are looked at.
   * @param base - per entry: its base, see {@link noBase} and {@link baseByName}.
   * @param name - per entry: the number of its name, -1 while it waits.
   * @param entryOfName - per name: an entry that holds it, plus one; 0 or missing when there is none.
   */
  constructor(first: number, base: Int32Array, name: Int32Array, entryOfName: Int32Array) {
    let names = 0;
    for (let entry = first; entry < base.length; entry++) {
      if (name[entry] === -1) names = Math.max(names, baseByName(base[entry] ?? 0) + 1);
    }
    this.#first = first;
    this.#ofEntry = new Int32Array(base.length - first);
    this.#ofName = new Int32Array(names);
    this.#next = new Int32Array(base.length - first);
    for (let entry = base.length - 1; entry >= first; entry--) {
      if (name[entry] !== -1) continue;
      const value = base[entry] ?? 0;
      const list = value >= 0 ? this.#ofEntry : this.#ofName;
      const key = value >= 0 ? value - first : baseByName(value);
      this.#next[entry - first] = list[key] ?? 0;
      list[key] = entry + 1;
    }
    for (let key = 0; key < Math.min(names, entryOfName.length); key++) {
      if (entryOfName[key] !== 0) this.#release(this.#ofName, key);
    }
    for (let entry = first; entry < base.length; entry++) {
      if (name[entry] !== -1) this.#release(this.#ofEntry, entry - first);
    }
  }

  pop(): number | undefined {
    const last = this.#ready.length - 1;
    if (last < 0) return undefined;
    const entry = this.#ready.at(last);
    this.#ready.truncate(last);
    return entry;
  }

  /** `entry` has got its content and its name: what waits for either can go on. */
  resolved(entry: number, name: number): void {
    this.#release(this.#ofEntry, entry - this.#first);
    if (name < this.#ofName.length) this.#release(this.#ofName, name);
  }

  #release(list: Int32Array, key: number): void {
    for (let waiting = list[key] ?? 0; waiting > 0; waiting = this.#next[waiting - 1 - this.#first] ?? 0) {
      this.#ready.push(waiting - 1);
    }
    list[key] = 0;
  }
}
