import { treeRowWords } from '../kernel/kernel.ts';
import { packType } from '../objects/object-type.ts';
import { TimeSlice } from '../pack/time-slice.ts';
import type { ObjectDatabase } from '../repository/object-database.ts';
import type { ObjectNumber } from '../repository/object-number.ts';
import type { ClosurePlan } from './closure-plan.ts';
import { mark, type ObjectMarks } from './object-marks.ts';
import { placeOf } from './object-place.ts';
import { PlaceQueue } from './place-queue.ts';
import { folderHash, type TreeRows } from './tree-rows.ts';

const done = mark.uninteresting | mark.seen;

/** What a {@link TreeClosure} works with. */
export interface ClosureParts {
  readonly database: ObjectDatabase;
  readonly marks: ObjectMarks;
  readonly rows: TreeRows;
  readonly plan: ClosurePlan;
  /** Objects that are done with though they carry no mark. */
  readonly isKnown?: ((number: ObjectNumber) => boolean) | undefined;
  /** Passes over trees that are missing. */
  readonly isGentle?: boolean;
  /** Is given what is met, each object once. */
  readonly select: (number: ObjectNumber, type: number, nameHash: number) => void;
  readonly signal: AbortSignal;
}

/**
 * All that is below some trees and not marked, whatever its path: trees are read in the order in which they lie in
 * their packs, and of one that is stored as a delta only what its base does not have is looked up.
 */
export class TreeClosure {
  readonly #parts: ClosureParts;
  readonly #queue = new PlaceQueue();

  /** Blobs whose size is to be looked at, where they lie, and their name hashes. */
  readonly #sized = new PlaceQueue();

  constructor(parts: ClosureParts) {
    this.#parts = parts;
  }

  /** Adds a tree to begin at. */
  addRoot(tree: ObjectNumber): void {
    const { marks, select, plan } = this.#parts;
    if (marks.has(tree, done)) return;
    marks.set(tree, mark.seen);
    if (plan.trees) select(tree, packType.tree, 0);
    if (plan.trees || plan.blobs) this.#push(this.#queue, tree, 0);
  }

  /** Selects everything. @throws GitMirrorError `GM_CORRUPT` for missing or damaged trees; the reason of `signal`. */
  async run(): Promise<void> {
    const { database, rows, marks, plan, isKnown, isGentle, select } = this.#parts;
    const slice = new TimeSlice(this.#parts.signal);
    const queue = this.#queue;
    rows.prepare({ skipMask: done, setMask: mark.seen, withBlobs: plan.blobs });
    const isSized = plan.maxBlobBytes < Infinity;
    let bytes = 0;
    while (queue.pop()) {
      if (slice.isOver(bytes)) {
        await slice.pause();
        rows.prepare();
      }
      const tree = queue.number;
      if (isGentle === true && !database.has(tree)) continue;
      const found = rows.copy(rows.scan(tree, queue.nameHash, mark.scanned));
      marks.set(tree, mark.scanned);
      bytes += rows.size;
      for (let at = 0; at < found.length; at += treeRowWords) {
        const number = found[at] ?? 0;
        if (isKnown?.(number) === true) continue;
        const nameHash = found[at + 2] ?? 0;
        if (((found[at + 1] ?? 0) & 1) === 1) {
          if (plan.trees) select(number, packType.tree, nameHash);
          this.#push(queue, number, folderHash(nameHash));
        } else if (isSized) this.#push(this.#sized, number, nameHash);
        else select(number, packType.blob, nameHash);
      }
    }
    await this.#selectSmall(slice);
  }

  /** Looks at the sizes of blobs, in the order in which they lie. */
  async #selectSmall(slice: TimeSlice): Promise<void> {
    const { database, plan, select } = this.#parts;
    const sized = this.#sized;
    while (sized.pop()) {
      if (slice.isOver()) await slice.pause();
      const blob = sized.number;
      // What is missing is selected, for others to say so.
      const passes = !database.has(blob) || database.sizeOf(blob) < plan.maxBlobBytes;
      if (passes) select(blob, packType.blob, sized.nameHash);
    }
  }

  #push(queue: PlaceQueue, number: ObjectNumber, hash: number): void {
    queue.push(placeOf(this.#parts.database, number), number, hash);
  }
}
