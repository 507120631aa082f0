import { limits } from '../core/limits.ts';
import { treeRowWords } from '../kernel/kernel.ts';
import { packType } from '../objects/object-type.ts';
import { TimeSlice } from '../pack/time-slice.ts';
import type { ObjectDatabase } from '../repository/object-database.ts';
import type { ObjectNumber } from '../repository/object-number.ts';
import { tooDeep } from './exclude-trees.ts';
import { verdict, type FilterSteps } from './filter-steps.ts';
import { missingObject } from './missing-object.ts';
import { mark, type ObjectMarks } from './object-marks.ts';
import type { PreferredBases } from './preferred-bases.ts';
import { folderHash, type TreeRows } from './tree-rows.ts';

const done = mark.uninteresting | mark.seen;

/** A tree that is open. */
interface Frame {
  readonly tree: ObjectNumber;
  /** Path with a slash behind it; empty for a root, and when paths are of no use. */
  readonly base: string;
  readonly rows: Uint32Array;
  /** Undefined when paths are of no use. */
  readonly names: readonly string[] | undefined;
  next: number;
}

const noRows = new Uint32Array(0);

/** What a {@link TreeTraversal} works with. */
export interface TraversalParts {
  readonly database: ObjectDatabase;
  readonly marks: ObjectMarks;
  readonly rows: TreeRows;
  readonly filter: FilterSteps | undefined;
  readonly bases: PreferredBases;
  /** Is given what is to be sent, each object once; marks it `selected`. */
  readonly select: (number: ObjectNumber, type: number, nameHash: number) => void;
  readonly signal: AbortSignal;
}

/**
 * Goes through trees depth first, in git's order and with git's rules for filters, so that each object is met at the
 * same paths as there. An object that nobody filters is done as soon as it was met.
 */
export class TreeTraversal {
  readonly #parts: TraversalParts;
  readonly #slice: TimeSlice;
  readonly #frames: Frame[] = [];
  readonly #withPaths: boolean;
  #bytes = 0;

  constructor(parts: TraversalParts) {
    this.#parts = parts;
    this.#slice = new TimeSlice(parts.signal);
    this.#withPaths = parts.filter?.needsPaths === true || !parts.bases.isEmpty;
  }

  /** Must be called before the first `visit`, and after anything else has used the kernel. */
  prepare(): void {
    this.#parts.rows.prepare({ skipMask: done, setMask: 0, withBlobs: true });
  }

  /** Selects the tree `root` and what is below it, as far as the filter lets it. */
  async visitTree(root: ObjectNumber): Promise<void> {
    this.#beginTree(root, '', 0, '');
    const frames = this.#frames;
    const slice = this.#slice;
    for (let frame = frames.at(-1); frame !== undefined; frame = frames.at(-1)) {
      if (slice.isOver(this.#bytes)) {
        await slice.pause();
        this.#parts.rows.prepare();
      }
      if (frame.next >= frame.rows.length) {
        this.#endTree(frame);
        frames.pop();
        continue;
      }
      const number = frame.rows[frame.next] ?? 0;
      const where = frame.rows[frame.next + 1] ?? 0;
      const nameHash = frame.rows[frame.next + 2] ?? 0;
      frame.next += treeRowWords;
      const { marks } = this.#parts;
      marks.set(number, mark.met);
      if (marks.has(number, done)) continue;
      const name = frame.names?.[frame.next / treeRowWords - 1];
      const path = name === undefined ? '' : frame.base + name;
      if ((where & 1) === 1) this.#beginTree(number, path, nameHash, `${path}/`);
      else this.visitBlob(number, path, nameHash);
    }
  }

  visitBlob(blob: ObjectNumber, path: string, nameHash: number): void {
    const { marks, filter } = this.#parts;
    if (marks.has(blob, done)) return;
    const said =
      filter === undefined || !marks.has(blob, mark.met) ? verdict.show | verdict.done : filter.blob(blob, path);
    this.#apply(blob, packType.blob, said, path, nameHash);
  }

  #beginTree(tree: ObjectNumber, path: string, nameHash: number, base: string): void {
    const { database, marks, rows, filter } = this.#parts;
    if (marks.has(tree, done)) return;
    if (this.#frames.length > limits.maxTreeDepth) throw tooDeep();
    if (!database.has(tree)) throw missingObject(database, tree, 'tree object');
    const said =
      filter === undefined || !marks.has(tree, mark.met) ? verdict.show | verdict.done : filter.beginTree(tree, path);
    this.#apply(tree, packType.tree, said, path, nameHash);
    if ((said & verdict.skip) !== 0) {
      this.#endTree({ tree, base, rows: noRows, names: undefined, next: 0 });
      return;
    }
    // The name hash of a root is that of nothing, not of a slash.
    const parentHash = this.#frames.length === 0 ? 0 : folderHash(nameHash);
    // With a filter, what a tree's base has may not be done.
    const found = rows.copy(rows.scan(tree, parentHash, filter === undefined ? mark.scanned : 0));
    this.#bytes += rows.size;
    let names: string[] | undefined;
    if (this.#withPaths) {
      names = [];
      for (let at = 1; at < found.length; at += treeRowWords) names.push(rows.nameAt(found[at] ?? 0));
    }
    this.#frames.push({ tree, base, rows: found, names, next: 0 });
  }

  #endTree(frame: Frame): void {
    const { marks, filter } = this.#parts;
    if (filter === undefined) marks.set(frame.tree, mark.scanned);
    if (filter === undefined || !marks.has(frame.tree, mark.met)) return;
    if ((filter.endTree(frame.tree) & verdict.done) !== 0) marks.set(frame.tree, mark.seen);
  }

  #apply(number: ObjectNumber, type: number, said: number, path: string, nameHash: number): void {
    const { marks, bases, select } = this.#parts;
    if ((said & verdict.done) !== 0) marks.set(number, mark.seen);
    if ((said & verdict.show) === 0) return;
    bases.look(path, nameHash);
    if (marks.has(number, mark.selected | mark.base)) return;
    select(number, type, nameHash);
  }
}
