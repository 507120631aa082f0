import { GitMirrorError } from '../core/error.ts';
import { packType } from '../objects/object-type.ts';
import type { ObjectDatabase } from '../repository/object-database.ts';
import type { ObjectNumber } from '../repository/object-number.ts';

/**
 * Whether an object that was selected can be sent. In a partial clone, blobs that are missing are passed over, as git
 * does (`pack-objects --missing=allow-promisor`).
 *
 * @throws GitMirrorError `GM_CORRUPT` naming the object when it is missing otherwise.
 */
export function isToBeSent(database: ObjectDatabase, number: ObjectNumber, type: number): boolean {
  if (number < database.packedCount || database.has(number)) return true;
  if (database.isPartial && type === packType.blob) return false;
  throw missingObject(database, number);
}

/** That an object is missing which is needed: `GM_CORRUPT`, in git's words. */
export function missingObject(database: ObjectDatabase, number: ObjectNumber, kind = 'object'): GitMirrorError {
  const oid = database.oidOf(number);
  return new GitMirrorError('GM_CORRUPT', `bad ${kind} ${oid}`, { details: { oid } });
}
