import { packType } from '../objects/object-type.ts';
import { TimeSlice } from '../pack/time-slice.ts';
import type { ObjectDatabase } from '../repository/object-database.ts';
import type { ObjectNumber } from '../repository/object-number.ts';
import { peel, tagTarget } from './peel.ts';
import type { SelectionList } from './selection-list.ts';

/**
 * Adds the annotated tags among `tags` whose targets are selected, with the tags on the way there, as `include-tag`
 * wants it. What the client has does not matter.
 */
export async function addTags(
  database: ObjectDatabase,
  tags: readonly ObjectNumber[],
  isSelected: (number: ObjectNumber) => boolean,
  list: SelectionList,
  signal: AbortSignal,
): Promise<void> {
  const slice = new TimeSlice(signal);
  const added = new Set<ObjectNumber>();
  const isIncluded = (number: ObjectNumber): boolean => added.has(number) || isSelected(number);
  for (const tag of tags) {
    if (slice.isOver()) await slice.pause();
    if (isIncluded(tag)) continue;
    const target = peel(database, tag);
    if (target === undefined || !isIncluded(target.number)) continue;
    for (let number = tag; database.typeOf(number) === 'tag'; number = tagTarget(database, number)) {
      if (isIncluded(number)) continue;
      added.add(number);
      list.push(number, packType.tag, 0);
    }
  }
}
