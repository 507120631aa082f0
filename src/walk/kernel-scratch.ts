import type { KernelMemory } from '../kernel/kernel-memory.ts';

const scratches = new WeakMap<KernelMemory, number>();

/**
 * Address of a few bytes of kernel memory to hand a name to a kernel or a database in. One place for all: what is
 * written is gone with the next call of anything. Belongs to the memory, and is never released.
 */
export function scratchOf(memory: KernelMemory): number {
  let address = scratches.get(memory);
  if (address === undefined) {
    address = memory.allocate(1);
    scratches.set(memory, address);
  }
  return address;
}
