import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { GitMirrorError, messageOf } from '../core/error.ts';
import { isMissing } from '../pack/read-file.ts';
import { isSettled, stampOf, type FileStamp } from './file-stamp.ts';

/** A pack that has an index, in a folder `objects/pack`. */
export interface ListedPack {
  /** Of the `.pack` file. */
  readonly path: string;
  readonly indexPath: string;
  readonly mtimeMs: number;
}

/** What lies in the folder `pack` of an object directory. */
export interface PackListing {
  readonly folder: string;
  /** Changes whenever a file comes or goes. */
  readonly stamp: FileStamp;
  /** Whether every change since then shows in the stamp. */
  readonly isSettled: boolean;
  /** Newest first. */
  readonly packs: readonly ListedPack[];
}

/** Whether a listing may be out of date: the folder has another stamp, or was changed a moment before it was listed. */
export function isOutdated(listing: PackListing): boolean {
  return !listing.isSettled || stampOf(listing.folder) !== listing.stamp;
}

/**
 * Lists the packs of an object directory. One without a folder `pack` has none.
 *
 * @throws GitMirrorError `GM_SYSTEM` when the folder cannot be read.
 */
export function listPacks(objectDirectory: string): PackListing {
  const folder = join(objectDirectory, 'pack');
  // Taken first: what comes while the folder is being listed changes it again.
  const stamp = stampOf(folder);
  const settled = isSettled(stamp);
  const names = new Set(readNames(folder));
  const packs: ListedPack[] = [];
  for (const name of names) {
    if (!name.endsWith('.idx')) continue;
    const packName = `${name.slice(0, -'.idx'.length)}.pack`;
    if (!names.has(packName)) continue;
    const path = join(folder, packName);
    const status = statSync(path, { throwIfNoEntry: false });
    if (status?.isFile() === true) packs.push({ path, indexPath: join(folder, name), mtimeMs: status.mtimeMs });
  }
  // By name where times are equal, so that the order is always the same.
  packs.sort((left, right) => right.mtimeMs - left.mtimeMs || (left.path < right.path ? -1 : 1));
  return { folder, stamp, isSettled: settled, packs };
}

function readNames(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (cause) {
    if (isMissing(cause)) return [];
    throw new GitMirrorError('GM_SYSTEM', `Listing packs: ${messageOf(cause)}.`, { cause });
  }
}
