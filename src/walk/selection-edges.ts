import { TimeSlice } from '../pack/time-slice.ts';
import type { ObjectNumber } from '../repository/object-number.ts';
import { commitFlag, type CommitWalk } from './commit-walk.ts';
import type { CommitSlot } from './commit-table.ts';
import { excludeSparsely, excludeTree } from './exclude-trees.ts';
import { mark, type ObjectMarks } from './object-marks.ts';
import type { TreeRows } from './tree-rows.ts';

/** What the border between what the client has and what it lacks is marked with. */
export interface EdgeParts {
  readonly walk: CommitWalk;
  readonly marks: ObjectMarks;
  readonly rows: TreeRows;
  /** Whether trees are compared only where both kinds stand side by side (pack.useSparse). */
  readonly sparse: boolean;
  /** Told of each commit on the border once, by its tree. */
  readonly onEdge: (tree: ObjectNumber) => void;
  readonly signal: AbortSignal;
}

/**
 * Marks the trees of commits the client has, as far as they lie on the border of `commits`: the commits that the walk
 * listed.
 */
export async function excludeEdges(parts: EdgeParts, commits: readonly CommitSlot[]): Promise<void> {
  if (parts.sparse) await excludeEdgesSparsely(parts, commits);
  else await excludeEdgesWhole(parts, commits);
}

async function excludeEdgesSparsely(parts: EdgeParts, commits: readonly CommitSlot[]): Promise<void> {
  const { walk, marks } = parts;
  const { table, flags } = walk;
  const trees = new Set<ObjectNumber>();
  const slice = new TimeSlice(parts.signal);
  for (const slot of commits) {
    if (slice.isOver()) await slice.pause();
    const tree = table.treeOf(slot);
    if (flags.has(slot, commitFlag.uninteresting)) marks.set(tree, mark.uninteresting);
    trees.add(tree);
    const count = walk.parentCount(slot);
    for (let index = 0; index < count; index++) {
      const parent = table.parentOf(slot, index);
      if (!walk.parse(parent)) continue;
      const parentTree = table.treeOf(parent);
      trees.add(parentTree);
      if (!flags.has(parent, commitFlag.uninteresting)) continue;
      marks.set(parentTree, mark.uninteresting);
      tellEdge(parts, parent);
    }
  }
  await excludeSparsely(table.database, marks, parts.rows, trees, parts.signal);
}

async function excludeEdgesWhole(parts: EdgeParts, commits: readonly CommitSlot[]): Promise<void> {
  const { walk } = parts;
  const { table, flags } = walk;
  for (const slot of commits) {
    if (flags.has(slot, commitFlag.uninteresting)) {
      await excludeWholeTree(parts, table.treeOf(slot));
      continue;
    }
    const count = walk.parentCount(slot);
    for (let index = 0; index < count; index++) {
      const parent = table.parentOf(slot, index);
      if (!flags.has(parent, commitFlag.uninteresting) || !walk.parse(parent)) continue;
      await excludeWholeTree(parts, table.treeOf(parent));
      tellEdge(parts, parent);
    }
  }
}

/**
 * Marks all that the commits have which the caller named itself: with a cut history they may be far from the border,
 * and share much with it.
 */
export async function excludeNamed(parts: EdgeParts, named: readonly ObjectNumber[]): Promise<void> {
  const { walk } = parts;
  const { table, flags } = walk;
  for (const number of named) {
    if (table.database.typeOf(number) !== 'commit') continue;
    const slot = table.slotOf(number);
    if (!flags.has(slot, commitFlag.uninteresting) || !walk.parse(slot)) continue;
    await excludeWholeTree(parts, table.treeOf(slot));
    tellEdge(parts, slot);
  }
}

async function excludeWholeTree({ walk, marks, rows, signal }: EdgeParts, tree: ObjectNumber): Promise<void> {
  if (marks.has(tree, mark.uninteresting)) return;
  await excludeTree(walk.table.database, marks, rows, tree, signal);
}

function tellEdge({ walk, onEdge }: EdgeParts, slot: CommitSlot): void {
  if (walk.flags.has(slot, commitFlag.edge)) return;
  walk.flags.set(slot, commitFlag.edge);
  onEdge(walk.table.treeOf(slot));
}
