import type { ObjectId } from '../core/object-id.ts';
import type { ObjectNumber } from '../repository/object-number.ts';
import { Refusal } from './upload-error.ts';
import type { UploadSession } from './upload-session.ts';

/** @throws Refusal when the object is not here. */
export function requireWanted({ repository }: UploadSession, oid: ObjectId): ObjectNumber {
  const number = repository.objects.numberOf(oid);
  if (number < 0) throw notOurRef(oid);
  return number;
}

/** What a client is told that wants an object it cannot have. */
export function notOurRef(oid: ObjectId): Refusal {
  return new Refusal(`upload-pack: not our ref ${oid}`);
}
