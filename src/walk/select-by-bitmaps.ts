import { GitMirrorError } from '../core/error.ts';
import { packType } from '../objects/object-type.ts';
import { TimeSlice } from '../pack/time-slice.ts';
import type { ObjectNumber } from '../repository/object-number.ts';
import { BitmapReach, reachByBitmaps, type ReachParts } from './bitmap-reach.ts';
import { requirePresent } from './missing-object.ts';
import type { ClosurePlan } from './closure-plan.ts';
import { mark } from './object-marks.ts';
import type { SelectionList } from './selection-list.ts';
import type { TipGroup } from './selection-tips.ts';

/** What was selected, and what the client has. */
export interface BitmapResult {
  readonly selected: BitmapReach;
  readonly clientHas: BitmapReach;
}

/**
 * Lists what is reachable from `wants` and not from `haves`, in the order of the bits, which is that of the pack; what
 * has no bit comes last. Undefined, and nothing listed, when the bitmaps know nothing of what the client has: then they
 * are of no help.
 *
 * @throws GitMirrorError `GM_CORRUPT` for missing or damaged objects; the reason of the signal.
 */
export async function selectByBitmaps(
  parts: ReachParts,
  wants: TipGroup,
  haves: TipGroup,
  plan: ClosurePlan,
  list: SelectionList,
): Promise<BitmapResult | undefined> {
  const { bitmaps, table } = parts;
  const hasBit = (number: ObjectNumber): boolean => bitmaps.bitOfNumber(number) >= 0;
  const hasHaves = haves.commits.length + haves.objects.length > 0;
  const numbersOf = ({ commits, objects }: TipGroup): ObjectNumber[] => [
    ...commits.map((slot) => table.numberOf(slot)),
    ...objects.map(({ number }) => number),
  ];
  if (hasHaves && !numbersOf(haves).some(hasBit)) return undefined;
  // Bits tell what the client has; these marks would keep its trees from being gone into.
  for (const { number } of haves.objects) parts.marks.clear(number, mark.uninteresting);
  const clientHas = new BitmapReach(bitmaps);
  if (hasHaves) await reachByBitmaps(parts, haves, clientHas, undefined, true);
  const reach = new BitmapReach(bitmaps);
  await reachByBitmaps(parts, wants, reach, hasHaves ? clientHas : undefined, false);
  for (let word = 0; word < reach.bits.length; word++) {
    reach.bits[word] = (reach.bits[word] ?? 0) & ~(clientHas.bits[word] ?? 0);
  }
  for (const number of clientHas.others.keys()) reach.others.delete(number);
  const tips = numbersOf(wants).filter((tip) => reach.has(tip));
  applyPlan(parts, reach, plan, tips);
  await listReach(parts, reach, plan, new Set(tips), list);
  return { selected: reach, clientHas };
}

/** Takes out the types that do not pass, but for what is wanted by name. */
function applyPlan({ table, bitmaps }: ReachParts, reach: BitmapReach, plan: ClosurePlan, tips: ObjectNumber[]): void {
  const dropped = [
    ...(plan.commits ? [] : [{ type: packType.commit, mask: bitmaps.commits }]),
    ...(plan.trees ? [] : [{ type: packType.tree, mask: bitmaps.trees }]),
    ...(plan.blobs ? [] : [{ type: packType.blob, mask: bitmaps.blobs }]),
  ];
  if (dropped.length === 0) return;
  const kept = tips.map((number) => ({ number, other: reach.others.get(number) }));
  for (const { type, mask } of dropped) {
    for (let word = 0; word < reach.bits.length; word++) {
      reach.bits[word] = (reach.bits[word] ?? 0) & ~(mask[word] ?? 0);
    }
    for (const [number, other] of reach.others) if (other.type === type) reach.others.delete(number);
  }
  for (const { number, other } of kept) {
    reach.add(number, other?.type ?? packType[table.database.typeOf(number)], other?.nameHash ?? 0);
  }
}

async function listReach(
  { table, bitmaps, signal }: ReachParts,
  reach: BitmapReach,
  plan: ClosurePlan,
  tips: ReadonlySet<ObjectNumber>,
  list: SelectionList,
): Promise<void> {
  const { database } = table;
  const slice = new TimeSlice(signal);
  const isTooLarge = (number: ObjectNumber): boolean =>
    plan.maxBlobBytes < Infinity && !tips.has(number) && database.sizeOf(number) >= plan.maxBlobBytes;
  list.reserve(countBits(reach.bits) + reach.others.size);
  const { commits, trees, blobs } = bitmaps;
  for (let word = 0; word < reach.bits.length; word++) {
    if (slice.isOver()) await slice.pause();
    for (let left = reach.bits[word] ?? 0; left !== 0; left &= left - 1) {
      const lowest = left & -left;
      const bit = word * 32 + 31 - Math.clz32(lowest);
      const number = bitmaps.numberOfBit(bit);
      if (number < 0) throw new GitMirrorError('GM_CORRUPT', `Reading bitmaps: bit ${bit} stands for no object.`);
      let type: number = packType.tag;
      if (((blobs[word] ?? 0) & lowest) !== 0) type = packType.blob;
      else if (((trees[word] ?? 0) & lowest) !== 0) type = packType.tree;
      else if (((commits[word] ?? 0) & lowest) !== 0) type = packType.commit;
      if (type === packType.blob && isTooLarge(number)) reach.remove(number);
      else list.push(number, type, bitmaps.nameHash(bit) ?? 0);
    }
  }
  for (const [number, { type, nameHash }] of reach.others) {
    if (slice.isOver()) await slice.pause();
    requirePresent(database, number);
    if (type === packType.blob && isTooLarge(number)) reach.others.delete(number);
    else list.push(number, type, nameHash);
  }
}

function countBits(bits: Uint32Array): number {
  let count = 0;
  for (let word of bits) {
    word -= (word >>> 1) & 0x5555_5555;
    word = (word & 0x3333_3333) + ((word >>> 2) & 0x3333_3333);
    count += Math.imul((word + (word >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24;
  }
  return count;
}
