/** Numbers appended one at a time to a typed array that doubles: for lists of millions whose length is not known. */
abstract class GrowableArray<Items extends Int32Array | Float64Array> {
  #items: Items;
  #length = 0;

  protected constructor(items: Items) {
    this.#items = items;
  }

  protected abstract allocate(capacity: number): Items;

  get length(): number {
    return this.#length;
  }

  push(value: number): void {
    if (this.#length === this.#items.length) {
      const larger = this.allocate(Math.max(1024, Math.ceil(this.#length * 1.5)));
      larger.set(this.#items);
      this.#items = larger;
    }
    this.#items[this.#length++] = value;
  }

  /** The number at `index`, which must be below `length`. */
  at(index: number): number {
    return this.#items[index] ?? 0;
  }

  set(index: number, value: number): void {
    this.#items[index] = value;
  }

  /** Drops everything, memory included. */
  clear(): void {
    this.#items = this.allocate(0);
    this.#length = 0;
  }

  /** Drops what is at `length` and behind. */
  truncate(length: number): void {
    this.#length = Math.min(this.#length, length);
  }

  /** The numbers so far: a view that is out of date after the next `push`. */
  view(): Items {
    return this.#items.subarray(0, this.#length) as Items;
  }
}

/** @see GrowableArray */
export class GrowableInt32 extends GrowableArray<Int32Array> {
  /** @param expected - numbers to make room for; untouched room costs address space, not memory. */
  constructor(expected = 0) {
    super(new Int32Array(expected));
  }

  protected allocate(capacity: number): Int32Array {
    return new Int32Array(capacity);
  }
}

/** @see GrowableArray */
export class GrowableFloat64 extends GrowableArray<Float64Array> {
  /** @param expected - numbers to make room for; untouched room costs address space, not memory. */
  constructor(expected = 0) {
    super(new Float64Array(expected));
  }

  protected allocate(capacity: number): Float64Array {
    return new Float64Array(capacity);
  }
}
