import { packType } from '../objects/object-type.ts';
import type { PackPlan } from './pack-plan.ts';

/** A pack that holds at least this share of the objects is copied from first, in its own order. */
const leadingShare = 0.5;
/** For fewer objects the order of the disk does not matter. */
const leadingFrom = 512;

/**
 * The order in which objects are written, by index: a base always before what builds on it. What comes out of the pack
 * that most come from is written in that pack's order, so that long ranges can be copied at once; everything else as git
 * orders it: commits and tags, trees, then blobs, those that build on each other together.
 */
export function orderForWriting(plan: PackPlan, allowPackReuse: boolean): Uint32Array {
  const { count, types, packs } = plan;
  const order = new OrderedOnce(plan);
  const leading = allowPackReuse && count >= leadingFrom ? findLeadingPack(plan) : -1;
  if (leading >= 0) {
    for (const index of plan.byPlace) if (packs[index] === leading) order.add(index);
    if (order.isFull) return order.indexes;
  }
  for (let index = 0; index < count; index++) {
    if (types[index] === packType.commit || types[index] === packType.tag) order.add(index);
  }
  for (let index = 0; index < count; index++) if (types[index] === packType.tree) order.add(index);
  addFamilies(plan, order);
  return order.indexes;
}

function findLeadingPack({ count, packs }: PackPlan): number {
  const shares = new Map<number, number>();
  for (const pack of packs) if (pack >= 0) shares.set(pack, (shares.get(pack) ?? 0) + 1);
  for (const [pack, share] of shares) if (share >= count * leadingShare) return pack;
  return -1;
}

/** Indexes in order, each once, and its bases in front of it. */
class OrderedOnce {
  readonly indexes: Uint32Array;
  readonly #bases: Int32Array;
  readonly #isPlaced: Uint8Array;
  readonly #chain: number[] = [];
  #length = 0;

  constructor({ count, bases }: PackPlan) {
    this.indexes = new Uint32Array(count);
    this.#bases = bases;
    this.#isPlaced = new Uint8Array(count);
  }

  get isFull(): boolean {
    return this.#length === this.indexes.length;
  }

  has(index: number): boolean {
    return this.#isPlaced[index] === 1;
  }

  add(index: number): void {
    const chain = this.#chain;
    for (let at = index; at >= 0 && this.#isPlaced[at] === 0; at = this.#bases[at] ?? -1) {
      this.#isPlaced[at] = 1;
      chain.push(at);
    }
    for (let next = chain.pop(); next !== undefined; next = chain.pop()) this.indexes[this.#length++] = next;
  }
}

/** Adds what is left, blobs, each with all that build on the same root. */
function addFamilies({ count, bases }: PackPlan, order: OrderedOnce): void {
  const firstChild = new Int32Array(count).fill(-1);
  const nextSibling = new Int32Array(count).fill(-1);
  for (let index = count - 1; index >= 0; index--) {
    const base = bases[index] ?? -1;
    if (base < 0 || base >= count || order.has(index)) continue;
    nextSibling[index] = firstChild[base] ?? -1;
    firstChild[base] = index;
  }
  const pending: number[] = [];
  for (let index = 0; index < count; index++) {
    if (order.has(index)) continue;
    let root = index;
    for (let base = bases[root] ?? -1; base >= 0 && base < count; base = bases[root] ?? -1) root = base;
    pending.push(root);
    for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
      order.add(at);
      // All children of one object are next to each other, as they are all likely to be wanted after it.
      for (let child = firstChild[at] ?? -1; child >= 0; child = nextSibling[child] ?? -1) {
        order.add(child);
        if ((firstChild[child] ?? -1) >= 0) pending.push(child);
      }
    }
  }
}
