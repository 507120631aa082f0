import type { ObjectType } from '../objects/object-type.ts';
import { parseTag } from '../objects/tag.ts';
import { TimeSlice } from '../pack/time-slice.ts';
import type { ObjectNumber } from '../repository/object-number.ts';
import { numberForOid, type CommitSlot } from './commit-table.ts';
import { commitFlag, type CommitWalk } from './commit-walk.ts';
import { nameHashOf } from './name-hash.ts';
import { missingObject } from './missing-object.ts';
import { mark, type ObjectMarks } from './object-marks.ts';

/** A wanted object that is no commit. */
export interface WantedObject {
  readonly number: ObjectNumber;
  readonly type: ObjectType;
  /** Path git compares it under: the name of a tag, else empty. */
  readonly path: string;
  readonly nameHash: number;
}

/** Some objects by what they are; of tags, what they lead to as well. */
export interface TipGroup {
  readonly commits: CommitSlot[];
  /** Tags, trees and blobs, in the order in which they were named. */
  readonly objects: WantedObject[];
}

/** What wants and haves lead to once tags are taken off. */
export interface SelectionTips {
  /** All commits, those the client has too, in the order in which they were named. */
  readonly commits: readonly CommitSlot[];
  /** What the client wants and does not have. */
  readonly wanted: TipGroup;
  readonly had: TipGroup;
}

/**
 * Sorts wants and haves by what they are. Marks what the client has: commits in the flags of the walk, the rest in
 * `marks`.
 *
 * @throws GitMirrorError `GM_CORRUPT` when a want, or what a wanted tag leads to, is missing; the reason of `signal`.
 */
export async function resolveTips(
  walk: CommitWalk,
  marks: ObjectMarks,
  wants: readonly ObjectNumber[],
  haves: readonly ObjectNumber[],
  signal: AbortSignal,
): Promise<SelectionTips> {
  const { database } = walk.table;
  const slice = new TimeSlice(signal);
  const typeOf = (number: ObjectNumber): ObjectType => {
    if (!database.has(number)) throw missingObject(database, number);
    return database.typeOf(number);
  };
  const exclude = (number: ObjectNumber, type: ObjectType): void => {
    if (type === 'commit') walk.flags.set(walk.table.slotOf(number), commitFlag.uninteresting);
    else marks.set(number, mark.uninteresting);
  };
  for (const number of haves) {
    if (slice.isOver()) await slice.pause();
    exclude(number, typeOf(number));
  }

  const commits: CommitSlot[] = [];
  const wanted: TipGroup = { commits: [], objects: [] };
  const had: TipGroup = { commits: [], objects: [] };
  const resolve = (first: ObjectNumber): void => {
    let number = first;
    let type = typeOf(first);
    const isExcluded =
      type === 'commit'
        ? walk.flags.has(walk.table.slotOf(number), commitFlag.uninteresting)
        : marks.has(number, mark.uninteresting);
    const group = isExcluded ? had : wanted;
    while (type === 'tag') {
      const content = database.read(number);
      const { targetOid, name } = parseTag(database.kernel.memory.view(content.address, content.size), database.format);
      const path = Buffer.from(name).toString('latin1');
      group.objects.push({ number, type, path, nameHash: nameHashOf(path) });
      number = numberForOid(database, targetOid);
      if (isExcluded && !database.has(number)) return;
      type = typeOf(number);
      if (isExcluded) exclude(number, type);
    }
    if (type === 'commit') {
      const slot = walk.table.slotOf(number);
      commits.push(slot);
      group.commits.push(slot);
    } else group.objects.push({ number, type, path: '', nameHash: 0 });
  };
  for (const numbers of [wants, haves]) {
    for (const number of numbers) {
      if (slice.isOver()) await slice.pause();
      resolve(number);
    }
  }
  return { commits, wanted, had };
}
