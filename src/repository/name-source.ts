import type { NameTable } from '../kernel/kernel.ts';

/** Sorted names of packed objects, and where each object lies: a pack's index, a multi-pack-index, or several merged. */
export interface NameSource {
  readonly table: NameTable;
  /** Pack of the object at `position`: an index into the database's packs. */
  packOf(position: number): number;
  /** Where its entry begins; -1 when the index is damaged there. */
  offsetOf(position: number): number;
}
