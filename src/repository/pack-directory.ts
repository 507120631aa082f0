import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { GitMirrorError, messageOf } from '../core/error.ts';
import { isMissing } from '../pack/read-file.ts';

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
  readonly stamp: string;
  /** Newest first. */
  readonly packs: readonly ListedPack[];
}

/** What tells whether the folder has changed since it was listed. */
export function stampPackDirectory(objectDirectory: string): string {
  const status = statSync(join(objectDirectory, 'pack'), { bigint: true, throwIfNoEntry: false });
  return status === undefined ? '' : `${status.ino}.${status.mtimeNs}`;
}

/**
 * Lists the packs of an object directory. One without a folder `pack` has none.
 *
 * @throws GitMirrorError `GM_SYSTEM` when the folder cannot be read.
 */
export function listPacks(objectDirectory: string): PackListing {
  const folder = join(objectDirectory, 'pack');
  // Taken first: what comes while the folder is being listed changes it again.
  const stamp = stampPackDirectory(objectDirectory);
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
  return { folder, stamp, packs };
}

function readNames(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (cause) {
    if (isMissing(cause)) return [];
    throw new GitMirrorError('GM_SYSTEM', `Listing packs: ${messageOf(cause)}.`, { cause });
  }
}
