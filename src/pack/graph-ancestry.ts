import type { CommitGraphData } from './graph-data.ts';

const lanes = 32;

/**
 * Reachability over a graph's arrays. Numbers are those of {@link CommitGraphData}; -1 is nobody's ancestor and has
 * none. Keeps 12 bytes a commit once used.
 */
export class GraphAncestry {
  readonly #data: CommitGraphData;
  /** Commits, parents before children. */
  readonly #order: Int32Array;
  /** Place of each commit in `#order`. A parent's place is always lower, so a walk need not go below its goal's. */
  readonly #place: Int32Array;
  /** Per number: marks of the walk under way. All zero between calls. */
  readonly #marks: Int32Array;

  constructor(data: CommitGraphData) {
    this.#data = data;
    this.#order = parentsFirst(data);
    this.#place = new Int32Array(data.commitCount);
    for (let at = 0; at < this.#order.length; at++) this.#place[this.#order[at] ?? 0] = at;
    this.#marks = new Int32Array(data.table.size);
  }

  /** Whether `ancestor` is reached from `descendant`; true when they are the same number. */
  isAncestor(ancestor: number, descendant: number): boolean {
    if (ancestor < 0 || descendant < 0) return false;
    if (ancestor === descendant) return true;
    const { parents, parentStart, commitCount } = this.#data;
    if (descendant >= commitCount) return false;
    const floor = ancestor < commitCount ? (this.#place[ancestor] ?? 0) : -1;
    const visited: number[] = [descendant];
    this.#marks[descendant] = 1;
    let found = false;
    // `visited` is both the queue and the list of what has to be unmarked.
    for (let head = 0; head < visited.length && !found; head++) {
      const commit = visited[head] ?? 0;
      const end = parentStart[commit + 1] ?? 0;
      for (let at = parentStart[commit] ?? 0; at < end; at++) {
        const parent = parents[at] ?? 0;
        if (parent === ancestor) {
          found = true;
          break;
        }
        if (parent >= commitCount || this.#marks[parent] !== 0 || (this.#place[parent] ?? 0) < floor) continue;
        this.#marks[parent] = 1;
        visited.push(parent);
      }
    }
    for (const commit of visited) this.#marks[commit] = 0;
    return found;
  }

  /** `isAncestor` of each pair of elements: 1 or 0. One sweep over the order for 32 pairs, each with a bit of its own. */
  areAncestors(ancestors: Int32Array, descendants: Int32Array): Uint8Array {
    const { commitCount } = this.#data;
    const reached = new Uint8Array(ancestors.length);
    const open: number[] = [];
    for (let pair = 0; pair < ancestors.length; pair++) {
      const ancestor = ancestors[pair] ?? -1;
      const descendant = descendants[pair] ?? -1;
      if (ancestor < 0 || descendant < 0) continue;
      if (ancestor === descendant) reached[pair] = 1;
      else if (descendant < commitCount) open.push(pair);
    }
    // Neighbours in the order share most of a sweep.
    const placeOf = (pair: number) => this.#place[descendants[pair] ?? 0] ?? 0;
    open.sort((left, right) => placeOf(left) - placeOf(right));
    for (let first = 0; first < open.length; first += lanes) {
      this.#sweep(open.slice(first, first + lanes), ancestors, descendants, reached);
    }
    return reached;
  }

  #sweep(pairs: readonly number[], ancestors: Int32Array, descendants: Int32Array, reached: Uint8Array): void {
    const { parents, parentStart, commitCount } = this.#data;
    const marks = this.#marks;
    let top = -1;
    let bottom = commitCount;
    for (const [lane, pair] of pairs.entries()) {
      const descendant = descendants[pair] ?? 0;
      const ancestor = ancestors[pair] ?? 0;
      marks[descendant] = (marks[descendant] ?? 0) | (1 << lane);
      top = Math.max(top, this.#place[descendant] ?? 0);
      bottom = Math.min(bottom, ancestor < commitCount ? (this.#place[ancestor] ?? 0) : -1);
    }
    for (let at = top; at > bottom; at--) {
      const commit = this.#order[at] ?? 0;
      const mark = marks[commit] ?? 0;
      if (mark === 0) continue;
      const end = parentStart[commit + 1] ?? 0;
      for (let link = parentStart[commit] ?? 0; link < end; link++) {
        const parent = parents[link] ?? 0;
        marks[parent] = (marks[parent] ?? 0) | mark;
      }
    }
    for (const [lane, pair] of pairs.entries()) {
      if (((marks[ancestors[pair] ?? 0] ?? 0) & (1 << lane)) !== 0) reached[pair] = 1;
    }
    marks.fill(0);
  }
}

/** All commits, parents before children. Depth first with a stack of its own: histories are a million deep. */
function parentsFirst(data: CommitGraphData): Int32Array {
  const { parents, parentStart, commitCount } = data;
  const order = new Int32Array(commitCount);
  const next = parentStart.slice(0, commitCount);
  const entered = new Uint8Array(commitCount);
  const stack = new Int32Array(commitCount);
  let given = 0;
  for (let start = 0; start < commitCount; start++) {
    if (entered[start] !== 0) continue;
    let depth = 0;
    stack[depth++] = start;
    entered[start] = 1;
    while (depth > 0) {
      const commit = stack[depth - 1] ?? 0;
      const link = next[commit] ?? 0;
      if (link >= (parentStart[commit + 1] ?? 0)) {
        order[given++] = commit;
        depth--;
        continue;
      }
      next[commit] = link + 1;
      const parent = parents[link] ?? 0;
      if (parent >= commitCount || entered[parent] !== 0) continue;
      entered[parent] = 1;
      stack[depth++] = parent;
    }
  }
  return order;
}
