import type { ObjectFormat, ObjectId } from '../core/object-id.ts';
import { GraphAncestry } from './graph-ancestry.ts';
import { graphTopoOrder } from './graph-topo-order.ts';
import type { CommitGraphData } from './graph-data.ts';

/**
 * Commits, their parents, and annotated tags, in typed arrays: about 60 bytes a commit. Built by `readCommitGraph`;
 * never changes afterwards. Every walk is a loop over arrays, so neither depth nor width of the history matters.
 *
 * Parents that are outside (the history was cut by haves, or the source is shallow) are known by name only.
 */
export class CommitGraph {
  readonly format: ObjectFormat;
  /** Commits in the graph. */
  readonly count: number;
  readonly #data: CommitGraphData;
  #ancestry: GraphAncestry | undefined;

  constructor(data: CommitGraphData) {
    this.format = data.table.format;
    this.count = data.commitCount;
    this.#data = data;
  }

  /** Annotated tags in the graph. */
  get tagCount(): number {
    return this.#data.tagCount;
  }

  /** Whether `oid` is a commit whose object was in the pack. */
  has(oid: ObjectId): boolean {
    return this.indexOf(oid) >= 0;
  }

  /** Number of the commit, 0 to `count - 1` in the order of the pack, or -1 when it is not in the graph. */
  indexOf(oid: ObjectId): number {
    const index = this.#data.table.findOid(oid);
    return index < this.count ? index : -1;
  }

  /** Name of commit `index`, which must be 0 to `count - 1`. */
  oidAt(index: number): ObjectId {
    return this.#data.table.oidAt(index);
  }

  /** Parents of a commit in its own order, those outside the graph included; empty when it is not in the graph. */
  parentsOf(oid: ObjectId): readonly ObjectId[] {
    const index = this.indexOf(oid);
    if (index < 0) return [];
    const { table, parents, parentStart } = this.#data;
    const numbers = parents.subarray(parentStart[index] ?? 0, parentStart[index + 1] ?? 0);
    return Array.from(numbers, (number) => table.oidAt(number));
  }

  /** Committer time of commit `index` in seconds since 1970; 0 when the commit has none. */
  commitTime(index: number): number {
    return this.#data.commitTimes[index] ?? 0;
  }

  /** What an annotated tag points to directly; undefined when `oid` is no tag that was in the pack. */
  tagTarget(oid: ObjectId): ObjectId | undefined {
    const target = this.#targetNumber(this.#data.table.findOid(oid));
    return target < 0 ? undefined : this.#data.table.oidAt(target);
  }

  /** What is behind all tags: `oid` itself when it is no tag that was in the pack. */
  peel(oid: ObjectId): ObjectId {
    const number = this.#data.table.findOid(oid);
    const peeled = this.#peelNumber(number);
    return peeled === number ? oid : this.#data.table.oidAt(peeled);
  }

  /**
   * Whether `ancestor` is reached from `descendant` by parent links, zero links included. Tags stand for what they
   * point to. `ancestor` may be outside the graph: it is reached when some commit in the graph names it as a parent.
   * False when `descendant` is outside the graph, unless the two are the same.
   */
  isAncestor(ancestor: ObjectId, descendant: ObjectId): boolean {
    if (this.peel(ancestor) === this.peel(descendant)) return true;
    return this.#walks().isAncestor(this.#commitNumber(ancestor), this.#commitNumber(descendant));
  }

  /** `isAncestor` for many pairs `[ancestor, descendant]`, 32 at a time in one sweep: for thousands of moved refs. */
  areAncestors(pairs: readonly (readonly [ancestor: ObjectId, descendant: ObjectId])[]): readonly boolean[] {
    const reached = this.#walks().areAncestors(
      Int32Array.from(pairs, ([ancestor]) => this.#commitNumber(ancestor)),
      Int32Array.from(pairs, ([, descendant]) => this.#commitNumber(descendant)),
    );
    return pairs.map(
      ([ancestor, descendant], index) => reached[index] === 1 || this.peel(ancestor) === this.peel(descendant),
    );
  }

  /**
   * The commits from a root, or from the first one whose first parent is outside the graph, to `tip`, following first
   * parents, oldest first. Empty when `tip` (peeled) is not in the graph.
   */
  firstParentChain(tip: ObjectId): ObjectId[] {
    const { table, parents, parentStart } = this.#data;
    const chain: ObjectId[] = [];
    let number = this.#commitNumber(tip);
    while (number >= 0 && number < this.count) {
      chain.push(table.oidAt(number));
      const start = parentStart[number] ?? 0;
      number = start < (parentStart[number + 1] ?? 0) ? (parents[start] ?? -1) : -1;
    }
    return chain.reverse();
  }

  /**
   * Every commit in the graph that is reachable from `tips`, parents before children. Of the commits whose parents have
   * all been given, the one with the smallest name comes first: the same history always gives the same order. Tips that
   * are not in the graph are passed over.
   */
  topoOrder(tips: Iterable<ObjectId>): ObjectId[] {
    return Array.from(this.topoIndexes(tips), (index) => this.oidAt(index));
  }

  /** `topoOrder` as commit numbers: 4 bytes a commit instead of a string. */
  topoIndexes(tips: Iterable<ObjectId>): Int32Array {
    return graphTopoOrder(
      this.#data,
      Array.from(tips, (tip) => this.#commitNumber(tip)),
    );
  }

  #walks(): GraphAncestry {
    this.#ancestry ??= new GraphAncestry(this.#data);
    return this.#ancestry;
  }

  /** Number of `oid` behind all tags, -1 when the graph has never heard of it. */
  #commitNumber(oid: ObjectId): number {
    return this.#peelNumber(this.#data.table.findOid(oid));
  }

  #peelNumber(number: number): number {
    let peeled = number;
    for (let target = number; target >= 0; target = this.#targetNumber(target)) peeled = target;
    return peeled;
  }

  #targetNumber(number: number): number {
    const tag = number - this.count;
    return number >= 0 && tag >= 0 && tag < this.#data.tagCount ? (this.#data.tagTargets[tag] ?? -1) : -1;
  }
}
