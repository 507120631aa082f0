import { nullOid, type ObjectFormat, type ObjectId } from '../core/object-id.ts';
import type { RefCommand } from '../wire/update-request.ts';

/** Where refs stand that hold what an unfinished bootstrap has sent. A rerun finds them and goes on from there. */
const bootstrapRefPrefix = 'refs/git-mirror/bootstrap/';

/** The name of the temporary ref that holds `oid`: derived from it, so that none is ever moved. */
export function temporaryRefName(oid: ObjectId): string {
  return `${bootstrapRefPrefix}${oid}`;
}

/** The objects that temporary refs among `refs` hold. */
export function temporaryTips(refs: ReadonlyMap<string, ObjectId>): ReadonlySet<ObjectId> {
  return new Set([...refs].filter(([name]) => name.startsWith(bootstrapRefPrefix)).map(([, oid]) => oid));
}

/** Makes the target's temporary refs hold `after` instead of `before`: creates first, so that nothing is ever loose. */
export function moveTemporaryRefs(
  before: ReadonlySet<ObjectId>,
  after: ReadonlySet<ObjectId>,
  format: ObjectFormat,
): readonly RefCommand[] {
  const none = nullOid(format);
  const created = [...after].filter((oid) => !before.has(oid));
  const deleted = [...before].filter((oid) => !after.has(oid));
  return [
    ...created.map((oid) => ({ ref: temporaryRefName(oid), oldOid: none, newOid: oid })),
    ...deleted.map((oid) => ({ ref: temporaryRefName(oid), oldOid: oid, newOid: none })),
  ];
}

/** Deletes whatever temporary refs are among `refs`, whatever they are called. */
export function deleteTemporaryRefs(refs: ReadonlyMap<string, ObjectId>, format: ObjectFormat): readonly RefCommand[] {
  return [...refs]
    .filter(([name]) => name.startsWith(bootstrapRefPrefix))
    .map(([ref, oid]) => ({ ref, oldOid: oid, newOid: nullOid(format) }));
}
