import type { NameTable } from '../../src/kernel/kernel.ts';
import type { Arena } from './arena.ts';

/** Puts sorted raw names and their fanout into an arena, as a pack index has them. */
export function placeNames(arena: Arena, names: readonly Uint8Array[]): NameTable {
  const fanout = arena.room(4 * 256);
  const { words } = arena.kernel.memory;
  words.fill(0, fanout / 4, fanout / 4 + 256);
  for (const name of names) {
    for (let byte = name[0] ?? 0; byte < 256; byte++) words[fanout / 4 + byte] = (words[fanout / 4 + byte] ?? 0) + 1;
  }
  return { fanout, names: arena.place(Buffer.concat(names)), count: names.length };
}
