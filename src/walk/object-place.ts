import type { ObjectDatabase, StoredEntry } from '../repository/object-database.ts';
import type { ObjectNumber } from '../repository/object-number.ts';

/** Packs are shorter than this. */
const placesPerPack = 2 ** 44;

const entry: StoredEntry = { pack: -1, offset: 0, dataOffset: 0, end: 0, type: 0, size: 0, baseNumber: -1 };

/** Where an object lies, as a number to sort by: pack after pack, loose and missing ones first. */
export function placeOf(database: ObjectDatabase, number: ObjectNumber): number {
  if (!database.has(number)) return 0;
  database.readEntry(number, entry);
  return entry.pack < 0 ? 0 : entry.pack * placesPerPack + entry.offset;
}

/** `numbers` in the order in which the objects lie: what deltas build on mostly comes first. */
export function sortByPlace(database: ObjectDatabase, numbers: Iterable<ObjectNumber>): ObjectNumber[] {
  const placed = Array.from(numbers, (number) => ({ number, place: placeOf(database, number) }));
  placed.sort((left, right) => left.place - right.place);
  return placed.map(({ number }) => number);
}
