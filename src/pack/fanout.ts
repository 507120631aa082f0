import type { KernelMemory } from '../kernel/kernel-memory.ts';
import { wordsFromBigEndian } from './pack-offsets.ts';

/** Bytes of the table in front of sorted names: 256 words. */
export const fanoutBytes = 1024;

/**
 * Turns a fan-out table that was read into kernel memory into native order. Returns how many names it states, or -1 when
 * it does not ascend.
 */
export function prepareFanout(memory: KernelMemory, address: number): number {
  wordsFromBigEndian(memory.view(address, fanoutBytes));
  const { words } = memory;
  let last = 0;
  for (let index = 0; index < 256; index++) {
    const count = words[address / 4 + index] ?? 0;
    if (count < last) return -1;
    last = count;
  }
  return last;
}
