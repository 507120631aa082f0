import type { CommitSlot } from './commit-table.ts';

/** Bits for each commit of one walk; they all begin at 0. Grows with the table. */
export class CommitFlags {
  #flags: Uint16Array;

  /** @param expected - commits to make room for. */
  constructor(expected: number) {
    this.#flags = new Uint16Array(expected);
  }

  has(slot: CommitSlot, bits: number): boolean {
    return ((this.#flags[slot] ?? 0) & bits) !== 0;
  }

  set(slot: CommitSlot, bits: number): void {
    if (slot >= this.#flags.length) {
      const larger = new Uint16Array(Math.max(256, slot + 1, this.#flags.length * 2));
      larger.set(this.#flags);
      this.#flags = larger;
    }
    this.#flags[slot] = (this.#flags[slot] ?? 0) | bits;
  }

  clear(slot: CommitSlot, bits: number): void {
    if (slot < this.#flags.length) this.#flags[slot] = (this.#flags[slot] ?? 0) & ~bits;
  }
}
