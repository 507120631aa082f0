import { GitMirrorError } from '../core/error.ts';
import type { ObjectDatabase } from '../repository/object-database.ts';
import type { ObjectNumber } from '../repository/object-number.ts';

/**
 * Checks that an object which was selected can be sent. Git sends none without it in a partial clone either: it would have
 * to fetch it, which a server does not do.
 *
 * @throws GitMirrorError `GM_CORRUPT` naming the object when it is missing.
 */
export function requirePresent(database: ObjectDatabase, number: ObjectNumber): void {
  if (number >= database.packedCount && !database.has(number)) throw missingObject(database, number);
}

/** That an object is missing which is needed: `GM_CORRUPT`, in git's words. */
export function missingObject(database: ObjectDatabase, number: ObjectNumber, kind = 'object'): GitMirrorError {
  const oid = database.oidOf(number);
  return new GitMirrorError('GM_CORRUPT', `bad ${kind} ${oid}`, { details: { oid } });
}
