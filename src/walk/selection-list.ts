import type { ObjectNumber } from '../repository/object-number.ts';

/** Objects with their types and name hashes, one after the other. */
export class SelectionList {
  #count = 0;
  #numbers = new Uint32Array(1024);
  #types = new Uint8Array(1024);
  #nameHashes = new Uint32Array(1024);

  get count(): number {
    return this.#count;
  }

  /** @param type - `packType`, 1 to 4. */
  push(number: ObjectNumber, type: number, nameHash: number): void {
    if (this.#count === this.#numbers.length) this.reserve(this.#count * 2);
    this.#numbers[this.#count] = number;
    this.#types[this.#count] = type;
    this.#nameHashes[this.#count] = nameHash;
    this.#count++;
  }

  /** Makes room for `capacity` objects in all. */
  reserve(capacity: number): void {
    if (capacity <= this.#numbers.length) return;
    const numbers = new Uint32Array(capacity);
    const types = new Uint8Array(capacity);
    const nameHashes = new Uint32Array(capacity);
    numbers.set(this.#numbers);
    types.set(this.#types);
    nameHashes.set(this.#nameHashes);
    this.#numbers = numbers;
    this.#types = types;
    this.#nameHashes = nameHashes;
  }

  /** Drops the objects that `isDropped` holds for; the rest keep their order. */
  drop(isDropped: (number: ObjectNumber) => boolean): void {
    let kept = 0;
    for (let index = 0; index < this.#count; index++) {
      const number = this.#numbers[index] ?? 0;
      if (isDropped(number)) continue;
      this.#numbers[kept] = number;
      this.#types[kept] = this.#types[index] ?? 0;
      this.#nameHashes[kept] = this.#nameHashes[index] ?? 0;
      kept++;
    }
    this.#count = kept;
  }

  /** The arrays, as they are now. */
  arrays(): { numbers: Uint32Array; types: Uint8Array; nameHashes: Uint32Array } {
    return {
      numbers: this.#numbers.subarray(0, this.#count),
      types: this.#types.subarray(0, this.#count),
      nameHashes: this.#nameHashes.subarray(0, this.#count),
    };
  }
}
