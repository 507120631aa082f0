import type { KernelMemory } from './kernel-memory.ts';
import type { NameTable } from './kernel.ts';

/** `Kernel.findName` without WebAssembly: the fanout, then halving. */
export function findName(memory: KernelMemory, table: NameTable, rawLength: number, name: number): number {
  const { bytes, words } = memory;
  const first = bytes[name] ?? 0;
  // A fanout that lies must not lead out of the table.
  let high = Math.min(words[table.fanout / 4 + first] ?? 0, table.count);
  let low = first === 0 ? 0 : (words[table.fanout / 4 + first - 1] ?? 0);
  while (low < high) {
    const middle = (low + high) >>> 1;
    const order = compareBytes(bytes, table.names + middle * rawLength, name, rawLength);
    if (order === 0) return middle;
    if (order < 0) low = middle + 1;
    else high = middle;
  }
  return -1;
}

function compareBytes(bytes: Uint8Array, left: number, right: number, length: number): number {
  for (let at = 0; at < length; at++) {
    const difference = (bytes[left + at] ?? 0) - (bytes[right + at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
