import { limits } from '../core/limits.ts';
import { GitMirrorError } from '../core/error.ts';
import { treeRowWords } from '../kernel/kernel.ts';
import { TimeSlice } from '../pack/time-slice.ts';
import type { ObjectDatabase } from '../repository/object-database.ts';
import type { ObjectNumber } from '../repository/object-number.ts';
import { mark, type ObjectMarks } from './object-marks.ts';
import { sortByPlace } from './object-place.ts';
import type { TreeRows } from './tree-rows.ts';

/**
 * Marks a tree and everything below it as something the client has. What is missing is passed over, since nobody will
 * ask for it.
 */
export async function excludeTree(
  database: ObjectDatabase,
  marks: ObjectMarks,
  rows: TreeRows,
  root: ObjectNumber,
  signal: AbortSignal,
): Promise<void> {
  marks.set(root, mark.uninteresting);
  const slice = new TimeSlice(signal);
  const pending = [root];
  rows.prepare({ skipMask: mark.uninteresting, setMask: mark.uninteresting, withBlobs: true });
  let bytes = 0;
  for (let tree = pending.pop(); tree !== undefined; tree = pending.pop()) {
    if (slice.isOver(bytes)) {
      await slice.pause();
      rows.prepare();
    }
    if (!database.has(tree) || database.typeOf(tree) !== 'tree') continue;
    const found = rows.copy(rows.scan(tree, 0, mark.scanned));
    marks.set(tree, mark.scanned);
    bytes += rows.size;
    for (let at = 0; at < found.length; at += treeRowWords) {
      if (((found[at + 1] ?? 0) & 1) === 1) pending.push(found[at] ?? 0);
    }
  }
}

/** Trees that stand at the same path, and how deep that is. */
interface TreeGroup {
  readonly trees: Set<ObjectNumber>;
  readonly depth: number;
}

/**
 * Git's sparse way of marking what the client has (pack.useSparse): from the trees of commits on the border between
 * what it has and what it lacks, only paths are followed where trees of both kinds stand side by side. Trees the client
 * has carry the mark `uninteresting` already.
 */
export async function excludeSparsely(
  database: ObjectDatabase,
  marks: ObjectMarks,
  rows: TreeRows,
  roots: Set<ObjectNumber>,
  signal: AbortSignal,
): Promise<void> {
  const slice = new TimeSlice(signal);
  const groups: TreeGroup[] = [{ trees: roots, depth: 0 }];
  let bytes = 0;
  for (let group = groups.pop(); group !== undefined; group = groups.pop()) {
    if (!hasBothKinds(marks, group.trees)) continue;
    if (group.depth > limits.maxTreeDepth) throw tooDeep();
    const byName = new Map<string, Set<ObjectNumber>>();
    const trees = sortByPlace(database, group.trees);
    for (const tree of trees) {
      if (slice.isOver(bytes)) await slice.pause();
      if (!database.has(tree) || database.typeOf(tree) !== 'tree') continue;
      const isExcluded = marks.has(tree, mark.uninteresting);
      rows.prepare({ skipMask: 0, setMask: isExcluded ? mark.uninteresting : 0, withBlobs: isExcluded });
      // What it has from a tree of this group is named already, and marked if that one's was.
      const found = rows.copy(rows.scan(tree, 0, isExcluded ? mark.grouped | mark.scanned : mark.grouped));
      marks.set(tree, isExcluded ? mark.grouped | mark.scanned : mark.grouped);
      bytes += rows.size;
      for (let at = 0; at < found.length; at += treeRowWords) {
        const where = found[at + 1] ?? 0;
        if ((where & 1) === 0) continue;
        const name = rows.nameAt(where);
        const named = byName.get(name);
        if (named === undefined) byName.set(name, new Set([found[at] ?? 0]));
        else named.add(found[at] ?? 0);
      }
    }
    for (const tree of trees) marks.clear(tree, mark.grouped);
    for (const named of byName.values()) groups.push({ trees: named, depth: group.depth + 1 });
  }
}

function hasBothKinds(marks: ObjectMarks, trees: Iterable<ObjectNumber>): boolean {
  let seen = 0;
  for (const tree of trees) {
    seen |= marks.has(tree, mark.uninteresting) ? 1 : 2;
    if (seen === 3) return true;
  }
  return false;
}

/** Trees stand deeper inside each other than `limits.maxTreeDepth`. */
export function tooDeep(): GitMirrorError {
  return new GitMirrorError('GM_LIMIT', 'exceeded maximum allowed tree depth', { details: { limit: 'maxTreeDepth' } });
}
