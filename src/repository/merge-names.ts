import type { Kernel } from '../kernel/kernel.ts';
import { fanoutBytes } from '../pack/fanout.ts';
import type { NameSource } from './name-source.ts';

/** The names of several sources as one. */
export interface MergedNames {
  /** Its table is in a block of kernel memory that begins at `table.fanout`: the owner releases it. */
  readonly source: NameSource;
  /** For each source that was merged: the numbers of its names, by position. */
  readonly numbers: readonly Uint32Array[];
}

/**
 * Merges sorted names, each kept once: what several sources have is taken from the first of them, and what `first` has is
 * left out. Numbers are positions in `first`, or `first`'s count plus positions in the result.
 */
export function mergeNames(
  kernel: Kernel,
  rawLength: number,
  first: NameSource,
  sources: readonly NameSource[],
): MergedNames {
  const { memory } = kernel;
  let total = 0;
  for (const { table } of sources) total += table.count;
  const block = memory.allocate(fanoutBytes + total * rawLength);
  const names = block + fanoutBytes;
  const { bytes, words } = memory;
  const fanout = words.subarray(block / 4, block / 4 + 256).fill(0);
  const packs = new Int32Array(total);
  const offsets = new Float64Array(total);
  const numbers = sources.map(({ table }) => new Uint32Array(table.count));
  const base = first.table.count;
  let count = 0;
  /** The name last taken, and its number. */
  let last = -1;
  let lastNumber = 0;
  for (const head of new MergeOrder(bytes, rawLength, sources)) {
    const { source, position, address } = head;
    if (last < 0 || compareNames(bytes, last, address, rawLength) !== 0) {
      last = address;
      const known = kernel.findName(first.table, rawLength, address);
      if (known >= 0) {
        lastNumber = known;
      } else {
        lastNumber = base + count;
        const from = sources[source];
        bytes.copyWithin(names + count * rawLength, address, address + rawLength);
        packs[count] = from?.packOf(position) ?? 0;
        offsets[count] = from?.offsetOf(position) ?? -1;
        const leading = bytes[address] ?? 0;
        fanout[leading] = (fanout[leading] ?? 0) + 1;
        count++;
      }
    }
    const own = numbers[source];
    if (own !== undefined) own[position] = lastNumber;
  }
  for (let leading = 1; leading < 256; leading++) fanout[leading] = (fanout[leading] ?? 0) + (fanout[leading - 1] ?? 0);
  return {
    source: {
      table: { fanout: block, names, count },
      packOf: (position) => packs[position] ?? 0,
      offsetOf: (position) => offsets[position] ?? -1,
    },
    numbers,
  };
}

interface MergeHead {
  /** Index of the source. */
  readonly source: number;
  position: number;
  /** Of the name at `position`. */
  address: number;
}

/** The names of all sources in order; of equal ones, that of the earlier source first. A binary heap of heads. */
class MergeOrder implements Iterable<MergeHead> {
  readonly #bytes: Uint8Array;
  readonly #rawLength: number;
  readonly #counts: readonly number[];
  readonly #heap: MergeHead[] = [];

  constructor(bytes: Uint8Array, rawLength: number, sources: readonly NameSource[]) {
    this.#bytes = bytes;
    this.#rawLength = rawLength;
    this.#counts = sources.map(({ table }) => table.count);
    for (const [source, { table }] of sources.entries()) {
      if (table.count > 0) this.#heap.push({ source, position: 0, address: table.names });
    }
    for (let at = (this.#heap.length >>> 1) - 1; at >= 0; at--) this.#sink(at);
  }

  /** Each head is borrowed until the next. */
  *[Symbol.iterator](): Generator<MergeHead, void, void> {
    for (let head = this.#heap[0]; head !== undefined; head = this.#heap[0]) {
      yield head;
      head.position++;
      head.address += this.#rawLength;
      if (head.position >= (this.#counts[head.source] ?? 0)) {
        const last = this.#heap.pop();
        if (last === undefined || this.#heap.length === 0) return;
        this.#heap[0] = last;
      }
      this.#sink(0);
    }
  }

  #sink(start: number): void {
    const heap = this.#heap;
    const item = heap[start];
    if (item === undefined) return;
    let at = start;
    for (;;) {
      let child = 2 * at + 1;
      let smallest = heap[child];
      if (smallest === undefined) break;
      const right = heap[child + 1];
      if (right !== undefined && this.#isBefore(right, smallest)) {
        child++;
        smallest = right;
      }
      if (!this.#isBefore(smallest, item)) break;
      heap[at] = smallest;
      at = child;
    }
    heap[at] = item;
  }

  #isBefore(left: MergeHead, right: MergeHead): boolean {
    const order = compareNames(this.#bytes, left.address, right.address, this.#rawLength);
    return order < 0 || (order === 0 && left.source < right.source);
  }
}

function compareNames(bytes: Uint8Array, left: number, right: number, rawLength: number): number {
  for (let index = 0; index < rawLength; index++) {
    const difference = (bytes[left + index] ?? 0) - (bytes[right + index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
