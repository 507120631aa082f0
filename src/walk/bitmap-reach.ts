import { packType } from '../objects/object-type.ts';
import { TimeSlice } from '../pack/time-slice.ts';
import type { ObjectNumber } from '../repository/object-number.ts';
import type { ReachabilityBitmaps } from '../repository/reachability-bitmaps.ts';
import { CommitFlags } from './commit-flags.ts';
import { CommitQueue } from './commit-queue.ts';
import type { CommitSlot, CommitTable } from './commit-table.ts';
import { mark, type ObjectMarks } from './object-marks.ts';
import type { TipGroup } from './selection-tips.ts';
import { TreeClosure } from './tree-closure.ts';
import type { TreeRows } from './tree-rows.ts';

/** An object that has no bit, because it is not in the pack that the bitmaps are of. */
export interface ObjectBesideBits {
  readonly type: number;
  readonly nameHash: number;
}

/** A set of objects: bits where they have them. */
export class BitmapReach {
  readonly bits: Uint32Array;
  readonly others = new Map<ObjectNumber, ObjectBesideBits>();
  readonly #bitmaps: ReachabilityBitmaps;

  constructor(bitmaps: ReachabilityBitmaps) {
    this.#bitmaps = bitmaps;
    this.bits = new Uint32Array(bitmaps.wordCount);
  }

  has(number: ObjectNumber): boolean {
    const bit = this.#bitmaps.bitOfNumber(number);
    return bit < 0 ? this.others.has(number) : ((this.bits[bit >>> 5] ?? 0) & (1 << (bit & 31))) !== 0;
  }

  add(number: ObjectNumber, type: number, nameHash: number): void {
    const bit = this.#bitmaps.bitOfNumber(number);
    if (bit < 0) this.others.set(number, { type, nameHash });
    else this.bits[bit >>> 5] = (this.bits[bit >>> 5] ?? 0) | (1 << (bit & 31));
  }

  remove(number: ObjectNumber): void {
    const bit = this.#bitmaps.bitOfNumber(number);
    if (bit < 0) this.others.delete(number);
    else this.bits[bit >>> 5] = (this.bits[bit >>> 5] ?? 0) & ~(1 << (bit & 31));
  }

  /** Adds what is stored as reachable from a commit; false when nothing is. */
  addReachable(commit: ObjectNumber): boolean {
    return this.#bitmaps.addReachable(commit, this.bits);
  }
}

/** What {@link reachByBitmaps} works with. */
export interface ReachParts {
  readonly table: CommitTable;
  readonly bitmaps: ReachabilityBitmaps;
  readonly marks: ObjectMarks;
  readonly rows: TreeRows;
  readonly signal: AbortSignal;
}

/** Trees to walk from which on it pays to mark what is known, instead of looking it up. */
const manyTrees = 500;

/**
 * Adds everything reachable from `roots` to `into`: from bitmaps where they are stored, by walking where not. What
 * `known` has need not be walked through, so that not all of it is added.
 *
 * @param isGentle - pass over what is missing
 * @throws GitMirrorError `GM_CORRUPT` for missing or damaged objects; the reason of the signal.
 */
export async function reachByBitmaps(
  parts: ReachParts,
  roots: TipGroup,
  into: BitmapReach,
  known: BitmapReach | undefined,
  isGentle: boolean,
): Promise<void> {
  const { table, marks, rows, signal } = parts;
  const { database } = table;
  const isKnown = (number: ObjectNumber): boolean => into.has(number) || known?.has(number) === true;
  const trees = await walkCommits(parts, roots.commits, into, isKnown, isGentle);
  for (const { number, type } of roots.objects) if (type === 'tree') trees.push(number);
  const hasMany = trees.length > manyTrees;
  if (hasMany) markKnown(parts, into, known);
  const closure = new TreeClosure({
    database,
    marks,
    rows,
    plan: { commits: true, trees: true, blobs: true, maxBlobBytes: Infinity },
    isKnown: hasMany ? undefined : isKnown,
    isGentle,
    select: (number, type, nameHash) => {
      into.add(number, type, nameHash);
    },
    signal,
  });
  for (const tree of trees) if (!isKnown(tree)) closure.addRoot(tree);
  await closure.run();
  for (const { number, type, nameHash } of roots.objects) {
    if (type === 'tag') into.add(number, packType.tag, nameHash);
    else if (type === 'blob' && !isKnown(number)) into.add(number, packType.blob, nameHash);
  }
}

/** Adds commits until all that is left has bitmaps; returns the trees of those that have none. */
async function walkCommits(
  { table, signal }: ReachParts,
  tips: readonly CommitSlot[],
  into: BitmapReach,
  isKnown: (number: ObjectNumber) => boolean,
  isGentle: boolean,
): Promise<ObjectNumber[]> {
  const slice = new TimeSlice(signal);
  const queue = new CommitQueue();
  const trees: ObjectNumber[] = [];
  const queued = new CommitFlags(table.count);
  const push = (slot: CommitSlot): void => {
    if (queued.has(slot, 1)) return;
    queued.set(slot, 1);
    if (table.read(slot)) queue.push(slot, table.timeOf(slot));
    else if (!isGentle) table.require(slot);
  };
  for (const tip of tips.filter((slot) => !into.addReachable(table.numberOf(slot)))) push(tip);
  for (let slot = queue.pop(); slot >= 0; slot = queue.pop()) {
    if (slice.isOver()) await slice.pause();
    const number = table.numberOf(slot);
    if (isKnown(number) || into.addReachable(number)) continue;
    into.add(number, packType.commit, 0);
    trees.push(table.treeOf(slot));
    for (let index = 0; index < table.parentCount(slot); index++) push(table.parentOf(slot, index));
  }
  return trees;
}

function markKnown({ bitmaps, marks }: ReachParts, into: BitmapReach, known: BitmapReach | undefined): void {
  for (let word = 0; word < into.bits.length; word++) {
    for (let left = (into.bits[word] ?? 0) | (known?.bits[word] ?? 0); left !== 0; left &= left - 1) {
      const number = bitmaps.numberOfBit(word * 32 + 31 - Math.clz32(left & -left));
      if (number >= 0) marks.set(number, mark.seen);
    }
  }
  for (const reach of [into, known]) for (const number of reach?.others.keys() ?? []) marks.set(number, mark.seen);
}
