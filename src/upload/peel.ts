import type { ObjectId } from '../core/object-id.ts';
import { limits } from '../core/limits.ts';
import { parseTag } from '../objects/tag.ts';
import { isGitMirrorError } from '../core/error.ts';
import type { ObjectDatabase } from '../repository/object-database.ts';

/**
 * The object behind an annotated tag, or behind tags of it (gitrevisions(7), `^{}`); undefined when `oid` is no tag, or
 * the chain breaks before its end. Whether the object itself is there is not asked, as git does not either.
 */
export function peel(objects: ObjectDatabase, oid: ObjectId): ObjectId | undefined {
  let current = oid;
  for (let depth = 0; depth < limits.maxDeltaDepth; depth += 1) {
    const number = objects.numberOf(current);
    if (number < 0 || objects.typeOf(number) !== 'tag') return undefined;
    try {
      const { address, size } = objects.read(number);
      const tag = parseTag(objects.kernel.memory.bytes.subarray(address, address + size), objects.format);
      if (tag.targetType !== 'tag') return tag.targetOid;
      current = tag.targetOid;
    } catch (error) {
      if (isGitMirrorError(error, 'GM_CORRUPT')) return undefined;
      throw error;
    }
  }
  return undefined;
}
