import { createHash } from 'node:crypto';
import type { ObjectId } from '../../core/object-id.ts';
import { encodeRawText } from '../../core/raw-text.ts';

/** Refs that state the refs (docs/mirror-protocol.md): what they say cannot be about themselves. */
const statementPrefix = 'refs/pushes/';
/** Characters that are hashed at once. */
const batchLength = 64 * 1024;

/**
 * The ref digest of a repository, 64 hexadecimal digits: SHA-256 over the sorted lines `<oid> SP <refname> LF` of every
 * visible ref, then `HEAD SP <target> LF` when HEAD is symbolic. Peeled entries, HEAD itself and `refs/pushes/` are left
 * out.
 *
 * @param refs - sorted by the bytes of their names, as servers list them; with object ids of either format
 * @param headTarget - the full name that HEAD leads to; undefined when HEAD is detached or not to be seen
 */
export function refDigest(
  refs: Iterable<{ readonly name: string; readonly oid: ObjectId }>,
  headTarget: string | undefined,
): string {
  const hash = createHash('sha256');
  let batch = '';
  for (const { name, oid } of refs) {
    if (!name.startsWith('refs/') || name.startsWith(statementPrefix)) continue;
    batch += `${oid} ${name}\n`;
    if (batch.length < batchLength) continue;
    hash.update(encodeRawText(batch));
    batch = '';
  }
  if (headTarget !== undefined) batch += `HEAD ${headTarget}\n`;
  return hash.update(encodeRawText(batch)).digest('hex');
}
