import type { KernelMemory } from '../kernel/kernel-memory.ts';
import type { ObjectDatabase } from '../repository/object-database.ts';
import type { ObjectNumber } from '../repository/object-number.ts';

/** Bits of {@link ObjectMarks}. */
export const mark = {
  /** The client has it. */
  uninteresting: 1,
  /** Done with: need not be looked at again. */
  seen: 2,
  /** Was met in a tree or as the tree of a commit, so that a filter applies to it. */
  met: 4,
  /** Shown, but to be gone into again when it turns up at another path. */
  revisit: 8,
  selected: 16,
  /** A base for a thin pack, and so not to be sent. */
  base: 32,
  /** A tree whose entries are all `seen` or `uninteresting`. */
  scanned: 64,
  /** One of those that stand at one path and have been looked at. */
  grouped: 128,
} as const;

/**
 * A byte of marks for each object of a database; those of packed objects lie in kernel memory, where tree scans read and
 * write them.
 */
export class ObjectMarks {
  /** Of the marks of packed objects, in kernel memory. */
  readonly address: number;
  readonly #memory: KernelMemory;
  readonly #packedCount: number;
  /** Of the numbers that are given as objects are met. */
  #others = new Uint8Array(0);

  /** Takes a byte of kernel memory for each packed object, until `release`. */
  constructor(database: ObjectDatabase) {
    this.#memory = database.kernel.memory;
    this.#packedCount = database.packedCount;
    this.address = this.#memory.allocate(this.#packedCount);
    this.#memory.view(this.address, this.#packedCount).fill(0);
  }

  get(number: ObjectNumber): number {
    return (
      (number < this.#packedCount
        ? this.#memory.bytes[this.address + number]
        : this.#others[number - this.#packedCount]) ?? 0
    );
  }

  has(number: ObjectNumber, bits: number): boolean {
    return (this.get(number) & bits) !== 0;
  }

  set(number: ObjectNumber, bits: number): void {
    if (number < this.#packedCount) {
      const { bytes } = this.#memory;
      bytes[this.address + number] = (bytes[this.address + number] ?? 0) | bits;
      return;
    }
    const index = number - this.#packedCount;
    if (index >= this.#others.length) {
      const larger = new Uint8Array(Math.max(1024, (index + 1) * 2));
      larger.set(this.#others);
      this.#others = larger;
    }
    this.#others[index] = (this.#others[index] ?? 0) | bits;
  }

  clear(number: ObjectNumber, bits: number): void {
    if (number < this.#packedCount) {
      const { bytes } = this.#memory;
      bytes[this.address + number] = (bytes[this.address + number] ?? 0) & ~bits;
    } else if (number - this.#packedCount < this.#others.length) {
      this.#others[number - this.#packedCount] = (this.#others[number - this.#packedCount] ?? 0) & ~bits;
    }
  }

  /** The marks of all objects as they are now, apart from kernel memory. */
  snapshot(): Uint8Array {
    const copy = new Uint8Array(this.#packedCount + this.#others.length);
    copy.set(this.#memory.view(this.address, this.#packedCount));
    copy.set(this.#others, this.#packedCount);
    return copy;
  }

  release(): void {
    this.#memory.release(this.address);
  }
}
