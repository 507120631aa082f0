import { TimeSlice } from '../pack/time-slice.ts';
import { packType } from '../objects/object-type.ts';
import { deltaHeights } from './delta-chains.ts';
import type { DeltaCandidates } from './delta-searcher.ts';
import { packWay, type PackPlan } from './pack-plan.ts';
import type { PackRequest } from './pack-request.ts';
import { packingLimits } from './packing-limits.ts';

/** Smaller objects are not worth a delta. */
const leastBytes = 50;

/** What is compared, and how many of them are to become deltas. */
export interface CandidateList {
  readonly candidates: DeltaCandidates;
  /** Index of each in the selection; from the selection's `count` on, in its `bases`. */
  readonly indexes: Uint32Array;
  /** Candidates that are no bases: the total of git's "Compressing objects". */
  readonly targets: number;
  /** Whether any two of them may be compared. */
  readonly isWorthwhile: boolean;
}

/**
 * The objects of a plan that are worth a search for a delta, and for a thin pack the objects of the client that they may
 * build on, in git's order: by type, name hash, bases first, the largest first, then as they were selected.
 */
export async function listCandidates(plan: PackPlan, request: PackRequest): Promise<CandidateList> {
  const { objects, selection, settings, thin, signal } = request;
  const slice = new TimeSlice(signal);
  const largest = Math.min(settings.bigFileThreshold, packingLimits.maxComparedBytes);
  const list = new CandidateRows(selection.count + (thin ? selection.bases.numbers.length : 0));
  for (let index = 0; index < selection.count; index++) {
    if (plan.isPackReused[index] === 1 || (plan.bases[index] ?? -1) >= 0) continue;
    if (slice.isOver()) await slice.pause();
    const isWhole = plan.ways[index] === packWay.copied || plan.packs[index] === -1;
    const size = isWhole ? (plan.storedSizes[index] ?? 0) : objects.sizeOf(plan.numbers[index] ?? 0);
    if (size >= leastBytes && size <= largest) list.add(index, size);
  }
  const targets = list.length;
  if (targets > 0 && thin) {
    const { numbers } = selection.bases;
    for (let index = 0; index < numbers.length; index++) {
      if (slice.isOver()) await slice.pause();
      const size = objects.sizeOf(numbers[index] ?? 0);
      if (size >= leastBytes && size <= largest) list.add(selection.count + index, size);
    }
  }
  const { indexes, sizes } = list.sorted(request);
  const candidates = describe(plan, request, indexes, sizes);
  return { candidates, indexes, targets, isWorthwhile: targets > 0 && canCompareAny(candidates) };
}

/** Candidates as they are collected. */
class CandidateRows {
  readonly #indexes: Uint32Array;
  readonly #sizes: Float64Array;
  length = 0;

  constructor(capacity: number) {
    this.#indexes = new Uint32Array(capacity);
    this.#sizes = new Float64Array(capacity);
  }

  add(index: number, size: number): void {
    this.#indexes[this.length] = index;
    this.#sizes[this.length++] = size;
  }

  sorted({ selection }: PackRequest): { indexes: Uint32Array; sizes: Float64Array } {
    const { count, types, nameHashes, bases } = selection;
    const kindOf = (index: number): number => (index < count ? types[index] : bases.types[index - count]) ?? 0;
    const hashOf = (index: number): number =>
      (index < count ? nameHashes[index] : bases.nameHashes[index - count]) ?? 0;
    // Type and hash in one word, sorted natively together with the row: a comparing sort of 400,000 takes half a second.
    const words = new Uint32Array(this.length * 2);
    for (let row = 0; row < this.length; row++) {
      const index = this.#indexes[row] ?? 0;
      const hash = hashOf(index);
      // Descending in type and hash, hence the complements.
      words[row * 2 + 1] = ((4 - kindOf(index)) << 30) | (~hash >>> 2);
      words[row * 2] = ((~hash & 3) << 30) | row;
    }
    const keys = new BigUint64Array(words.buffer).sort();
    const ranked = new Uint32Array(keys.buffer);
    const rows = new Uint32Array(this.length);
    for (let place = 0; place < this.length; place++) rows[place] = (ranked[place * 2] ?? 0) & 0x3fff_ffff;
    const bySize = (left: number, right: number): number => {
      const [leftIndex, rightIndex] = [this.#indexes[left] ?? 0, this.#indexes[right] ?? 0];
      const baseFirst = Number(rightIndex >= count) - Number(leftIndex >= count);
      if (baseFirst !== 0) return baseFirst;
      return (this.#sizes[right] ?? 0) - (this.#sizes[left] ?? 0) || leftIndex - rightIndex;
    };
    const isSameGroup = (one: number, other: number): boolean =>
      ranked[one * 2 + 1] === ranked[other * 2 + 1] &&
      (ranked[one * 2] ?? 0) >>> 30 === (ranked[other * 2] ?? 0) >>> 30;
    for (let start = 0; start < this.length;) {
      let end = start + 1;
      while (end < this.length && isSameGroup(start, end)) end++;
      if (end - start > 1) rows.subarray(start, end).sort(bySize);
      start = end;
    }
    return {
      indexes: rows.map((row) => this.#indexes[row] ?? 0),
      sizes: Float64Array.from(rows, (row) => this.#sizes[row] ?? 0),
    };
  }
}

function describe(
  plan: PackPlan,
  { selection }: PackRequest,
  indexes: Uint32Array,
  sizes: Float64Array,
): DeltaCandidates {
  const count = indexes.length;
  const candidates: DeltaCandidates = {
    count,
    numbers: new Uint32Array(count),
    isBase: new Uint8Array(count),
    nameHashes: new Uint32Array(count),
    sizes,
    types: new Uint8Array(count),
    depths: new Uint16Array(count),
    packs: new Int32Array(count).fill(-1),
    isWhole: new Uint8Array(count),
  };
  const heights = count > 0 ? deltaHeights(plan) : undefined;
  for (let place = 0; place < count; place++) {
    const index = indexes[place] ?? 0;
    const isBase = index >= selection.count;
    const from = isBase ? selection.bases : selection;
    const at = isBase ? index - selection.count : index;
    candidates.numbers[place] = from.numbers[at] ?? 0;
    candidates.types[place] = from.types[at] ?? 0;
    candidates.nameHashes[place] = from.nameHashes[at] ?? 0;
    candidates.isBase[place] = isBase ? 1 : 0;
    if (isBase) continue;
    candidates.depths[place] = heights?.[at] ?? 0;
    candidates.packs[place] = plan.packs[at] ?? -1;
    const type = plan.storedTypes[at] ?? 0;
    candidates.isWhole[place] = type !== 0 && type !== packType.ofsDelta && type !== packType.refDelta ? 1 : 0;
  }
  return candidates;
}

/** False when all lie whole in one pack, as after a repack: then no two are compared. */
function canCompareAny({ count, isBase, packs, isWhole }: DeltaCandidates): boolean {
  if (count < 2) return false;
  const [pack] = packs;
  if (pack === undefined || pack < 0) return true;
  for (let place = 0; place < count; place++) {
    if (isBase[place] === 1 || packs[place] !== pack || isWhole[place] === 0) return true;
  }
  return false;
}
