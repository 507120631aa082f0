import type { KernelMemory } from '../kernel/kernel-memory.ts';

const smallBytes = 4 * 1024 * 1024;

/** A block of kernel memory that grows on demand, for content that lives until the next. */
export class ScratchBlock {
  readonly #memory: KernelMemory;
  #address = -1;
  #size = 0;

  constructor(memory: KernelMemory) {
    this.#memory = memory;
  }

  /** Address of room for `size` bytes. What was in it before is lost. A large block is kept only while it is needed. */
  reserve(size: number): number {
    if (size <= this.#size && (this.#size <= smallBytes || size > smallBytes)) return this.#address;
    this.release();
    const wanted = size <= smallBytes ? Math.min(smallBytes, Math.max(64 * 1024, size * 2)) : size;
    this.#address = this.#memory.allocate(wanted);
    this.#size = wanted;
    return this.#address;
  }

  /** Whether `address` lies in the block. */
  holds(address: number): boolean {
    return this.#address >= 0 && address >= this.#address && address < this.#address + this.#size;
  }

  release(): void {
    if (this.#address < 0) return;
    this.#memory.release(this.#address);
    this.#address = -1;
    this.#size = 0;
  }
}
