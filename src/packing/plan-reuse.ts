import { TimeSlice } from '../pack/time-slice.ts';
import { packType } from '../objects/object-type.ts';
import type { ObjectDatabase } from '../repository/object-database.ts';
import { cutDeltaChains } from './delta-chains.ts';
import { createPackPlan, createStoredEntry, noteEntry, packWay, placeObjects, type PackPlan } from './pack-plan.ts';
import type { PackRequest } from './pack-request.ts';

/**
 * Decides which objects are copied as they lie on disk, as git does: whole ones, and deltas whose base is in the pack too
 * or, in a thin pack, with the client. Cycles, which deltas of different packs can form, and chains longer than
 * pack.depth are cut. What is left has to be compressed anew.
 */
export async function planReuse(request: PackRequest): Promise<PackPlan> {
  const { objects, selection, settings, thin, signal } = request;
  const slice = new TimeSlice(signal);
  const plan = createPackPlan(selection);
  const { count, numbers, bases, ways } = plan;
  /** Index in the selection plus 1, by object number. Never touched pages of it cost nothing. */
  const places = new Uint32Array(objects.numberLimit);
  for (let index = 0; index < count; index++) places[numbers[index] ?? 0] = index + 1;
  const clientBases = new ClientBases(plan, request);
  const entry = createStoredEntry();
  await placeObjects(plan, objects, slice);
  for (const index of plan.byPlace) {
    if (slice.isOver()) await slice.pause();
    noteEntry(plan, index, objects, entry);
    if (entry.pack < 0) continue;
    if (entry.type !== packType.ofsDelta && entry.type !== packType.refDelta) {
      ways[index] = packWay.copied;
      continue;
    }
    const { baseNumber } = entry;
    if (baseNumber < 0) continue;
    const place = places[baseNumber] ?? 0;
    if (place > 0) {
      ways[index] = packWay.copied;
      bases[index] = place - 1;
    } else if (thin) {
      const external = clientBases.placeOf(baseNumber);
      if (external < 0) continue;
      ways[index] = packWay.copied;
      bases[index] = count + external;
    }
  }
  markPackReused(plan, request);
  cutDeltaChains(
    plan,
    settings.depth,
    (index) => {
      bases[index] = -1;
      ways[index] = packWay.whole;
    },
    (index) => plan.isPackReused[index] === 1,
  );
  return plan;
}

/** The place of `number` among the plan's externals, given to it now if it has none. */
export function externalPlace(plan: PackPlan, known: Map<number, number>, number: number): number {
  let place = known.get(number);
  if (place === undefined) {
    place = plan.externals.push(number) - 1;
    known.set(number, place);
  }
  return place;
}

/**
 * Objects of the client that deltas on disk may go on building on. With bitmaps that is everything it has, as in git.
 * Without, only what is selected as a base: a delta on anything else is often far larger than one that is searched for
 * (in git.git, 100 commits came out at three times the size).
 */
class ClientBases {
  readonly #plan: PackPlan;
  readonly #request: PackRequest;
  readonly #places = new Map<number, number>();
  readonly #selected: ReadonlySet<number> | undefined;

  constructor(plan: PackPlan, request: PackRequest) {
    this.#plan = plan;
    this.#request = request;
    if (!isFromBitmaps(request)) this.#selected = new Set(request.selection.bases.numbers);
  }

  /** Place among the externals, or -1. */
  placeOf(number: number): number {
    const isUsable = this.#selected?.has(number) ?? this.#request.selection.clientHas(number);
    return isUsable ? externalPlace(this.#plan, this.#places, number) : -1;
  }
}

function isFromBitmaps({ objects, selection }: PackRequest): boolean {
  return selection.isFromBitmaps ?? objects.bitmaps !== undefined;
}

/**
 * With bitmaps, git copies from their pack whatever needs nothing from elsewhere, without asking for a better delta or
 * for the length of a chain (pack.allowPackReuse).
 */
function markPackReused(plan: PackPlan, request: PackRequest): void {
  const isAllowed = request.settings.allowPackReuse && isFromBitmaps(request);
  const pack = isAllowed ? bitmappedPack(request.objects) : -1;
  if (pack < 0) return;
  const { count, bases, byPlace, packs, ways, isPackReused } = plan;
  // In the order of the pack, a base that lies in front has been decided on; one behind could be part of a cycle.
  for (const index of byPlace) {
    if (packs[index] !== pack || ways[index] !== packWay.copied) continue;
    const base = bases[index] ?? -1;
    if (base >= 0 && (base >= count || isPackReused[base] !== 1)) continue;
    isPackReused[index] = 1;
  }
}

/** The pack whose entries may be copied unseen: that of the bitmaps, or the preferred one of a multi-pack-index. */
function bitmappedPack(objects: ObjectDatabase): number {
  const { bitmaps } = objects;
  if (bitmaps === undefined || bitmaps.bitCount === 0) return -1;
  if (bitmaps.pack >= 0) return bitmaps.pack;
  // The objects of the preferred pack have the first bits.
  const first = createStoredEntry();
  objects.placeEntry(bitmaps.numberOfBit(0), first);
  return first.pack;
}
