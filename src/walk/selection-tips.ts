import { GitMirrorError } from '../core/error.ts';
import type { ObjectType } from '../objects/object-type.ts';
import { parseTag } from '../objects/tag.ts';
import type { ObjectDatabase } from '../repository/object-database.ts';
import type { ObjectNumber } from '../repository/object-number.ts';
import { commitFlag, type CommitWalk } from './commit-walk.ts';
import type { CommitSlot } from './commit-table.ts';
import { numberForOid } from './commit-table.ts';
import { nameHashOf } from './name-hash.ts';
import { mark, type ObjectMarks } from './object-marks.ts';

/** A wanted object that is no commit. */
export interface WantedObject {
  readonly number: ObjectNumber;
  readonly type: ObjectType;
  /** Path git compares it under: the name of a tag, else empty. */
  readonly path: string;
  readonly nameHash: number;
}

/** What wants and haves lead to once tags are taken off. */
export interface SelectionTips {
  readonly commits: readonly CommitSlot[];
  /** Tags, trees and blobs, in the order in which they are sent. */
  readonly objects: readonly WantedObject[];
  /** Trees the client has as such. */
  readonly excludedTrees: readonly ObjectNumber[];
}

/**
 * Sorts wants and haves by what they are. Marks what the client has: commits in the flags of the walk, the rest in
 * `marks`.
 *
 * @throws GitMirrorError `GM_CORRUPT` when a want, or what a wanted tag leads to, is missing.
 */
export function resolveTips(
  database: ObjectDatabase,
  walk: CommitWalk,
  marks: ObjectMarks,
  wants: readonly ObjectNumber[],
  haves: readonly ObjectNumber[],
): SelectionTips {
  const typeOf = (number: ObjectNumber): ObjectType => {
    if (!database.has(number)) throw missing(database, number);
    return database.typeOf(number);
  };
  const exclude = (number: ObjectNumber, type: ObjectType): void => {
    if (type === 'commit') walk.flags.set(walk.table.slotOf(number), commitFlag.uninteresting);
    else marks.set(number, mark.uninteresting);
  };
  const wantTypes = wants.map(typeOf);
  const haveTypes = haves.map(typeOf);
  for (const [index, number] of haves.entries()) exclude(number, haveTypes[index] ?? 'commit');

  const commits: CommitSlot[] = [];
  const objects: WantedObject[] = [];
  const excludedTrees: ObjectNumber[] = [];
  const resolve = (first: ObjectNumber, firstType: ObjectType): void => {
    let number = first;
    let type = firstType;
    const isExcluded =
      type === 'commit'
        ? walk.flags.has(walk.table.slotOf(number), commitFlag.uninteresting)
        : marks.has(number, mark.uninteresting);
    while (type === 'tag') {
      const content = database.read(number);
      const { targetOid, name } = parseTag(database.kernel.memory.view(content.address, content.size), database.format);
      const path = Buffer.from(name).toString('latin1');
      if (!isExcluded) objects.push({ number, type, path, nameHash: nameHashOf(path) });
      number = numberForOid(database, targetOid);
      if (isExcluded && !database.has(number)) return;
      type = typeOf(number);
      if (isExcluded) exclude(number, type);
    }
    if (type === 'commit') commits.push(walk.table.slotOf(number));
    else if (!isExcluded) objects.push({ number, type, path: '', nameHash: 0 });
    else if (type === 'tree') excludedTrees.push(number);
  };
  for (const [index, number] of wants.entries()) resolve(number, wantTypes[index] ?? 'commit');
  for (const [index, number] of haves.entries()) resolve(number, haveTypes[index] ?? 'commit');
  return { commits, objects, excludedTrees };
}

function missing(database: ObjectDatabase, number: ObjectNumber): GitMirrorError {
  const oid = database.oidOf(number);
  return new GitMirrorError('GM_CORRUPT', `bad object ${oid}`, { details: { oid } });
}
