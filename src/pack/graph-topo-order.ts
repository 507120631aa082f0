import type { CommitGraphData } from './graph-data.ts';

/**
 * Commits reachable from `tips` (numbers; those that are no commits are passed over), parents before children, the
 * smallest name first among those that are ready. Kahn's algorithm with a heap; working memory about 24 bytes a commit,
 * freed on return.
 */
export function graphTopoOrder(data: CommitGraphData, tips: readonly number[]): Int32Array {
  const { parents, parentStart, commitCount, table } = data;
  // Place of each reachable commit in `reached`, plus one.
  const seen = new Uint8Array(commitCount);
  const reached = new Int32Array(commitCount);
  let reachedCount = 0;
  for (const tip of tips) {
    if (tip < 0 || tip >= commitCount || seen[tip] !== 0) continue;
    seen[tip] = 1;
    reached[reachedCount++] = tip;
  }
  const waitsFor = new Int32Array(commitCount);
  const childStart = new Int32Array(commitCount + 1);
  let links = 0;
  for (let head = 0; head < reachedCount; head++) {
    const commit = reached[head] ?? 0;
    const end = parentStart[commit + 1] ?? 0;
    for (let at = parentStart[commit] ?? 0; at < end; at++) {
      const parent = parents[at] ?? 0;
      if (parent >= commitCount) continue;
      links++;
      waitsFor[commit] = (waitsFor[commit] ?? 0) + 1;
      childStart[parent + 1] = (childStart[parent + 1] ?? 0) + 1;
      if (seen[parent] !== 0) continue;
      seen[parent] = 1;
      reached[reachedCount++] = parent;
    }
  }
  for (let commit = 0; commit < commitCount; commit++) {
    childStart[commit + 1] = (childStart[commit + 1] ?? 0) + (childStart[commit] ?? 0);
  }
  const children = new Int32Array(links);
  const filled = childStart.slice(0, commitCount);
  const ready = new NameHeap((left, right) => table.compare(left, right) < 0);
  for (const commit of reached.subarray(0, reachedCount)) {
    const end = parentStart[commit + 1] ?? 0;
    for (let at = parentStart[commit] ?? 0; at < end; at++) {
      const parent = parents[at] ?? 0;
      if (parent >= commitCount) continue;
      const place = filled[parent] ?? 0;
      filled[parent] = place + 1;
      children[place] = commit;
    }
    if (waitsFor[commit] === 0) ready.push(commit);
  }
  let given = 0;
  for (let commit = ready.pop(); commit !== undefined; commit = ready.pop()) {
    reached[given++] = commit;
    const end = childStart[commit + 1] ?? 0;
    for (let at = childStart[commit] ?? 0; at < end; at++) {
      const child = children[at] ?? 0;
      const left = (waitsFor[child] ?? 0) - 1;
      waitsFor[child] = left;
      if (left === 0) ready.push(child);
    }
  }
  return reached.slice(0, given);
}

/** A binary heap of numbers that gives the first one by `isBefore`. */
class NameHeap {
  readonly #isBefore: (left: number, right: number) => boolean;
  readonly #items: number[] = [];

  constructor(isBefore: (left: number, right: number) => boolean) {
    this.#isBefore = isBefore;
  }

  push(item: number): void {
    const items = this.#items;
    let at = items.length;
    items.push(item);
    while (at > 0) {
      const above = (at - 1) >> 1;
      const other = items[above] ?? 0;
      if (!this.#isBefore(item, other)) break;
      items[at] = other;
      at = above;
    }
    items[at] = item;
  }

  pop(): number | undefined {
    const items = this.#items;
    const first = items[0];
    const last = items.pop();
    if (first === undefined || last === undefined || items.length === 0) return first;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= items.length) break;
      if (below + 1 < items.length && this.#isBefore(items[below + 1] ?? 0, items[below] ?? 0)) below++;
      const other = items[below] ?? 0;
      if (!this.#isBefore(other, last)) break;
      items[at] = other;
      at = below;
    }
    items[at] = last;
    return first;
  }
}
