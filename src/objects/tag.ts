import { decodeUtf8 } from '../core/bytes.ts';
import { GitMirrorError } from '../core/error.ts';
import { limits } from '../core/limits.ts';
import { hexLength, isObjectId, type ObjectFormat, type ObjectId } from '../core/object-id.ts';
import { isObjectType, type ObjectType } from './object-type.ts';

/** What an annotated tag says about what it tags. */
export interface TagHeader {
  readonly targetOid: ObjectId;
  readonly targetType: ObjectType;
  /** The tag's own name, without `refs/tags/`. Chosen by whoever made the tag: sanitise before showing it. */
  readonly name: string;
}

/**
 * The head of a tag object's content (git-mktag(1)): the lines `object`, `type` and `tag`, in this order.
 *
 * @throws GitMirrorError `GM_CORRUPT` when one of them is missing or malformed.
 */
export function parseTag(content: Uint8Array, format: ObjectFormat): TagHeader {
  const head = decodeUtf8(content.subarray(0, hexLength(format) + limits.maxRefNameBytes + 64));
  const [objectLine = '', typeLine = '', tagLine = ''] = head.split('\n', 3);
  const targetOid = objectLine.slice('object '.length);
  const targetType = typeLine.slice('type '.length);
  if (!objectLine.startsWith('object ') || !isObjectId(targetOid, format)) throw corrupt('object');
  if (!typeLine.startsWith('type ') || !isObjectType(targetType)) throw corrupt('type');
  if (!tagLine.startsWith('tag ')) throw corrupt('tag');
  return { targetOid, targetType, name: tagLine.slice('tag '.length) };
}

function corrupt(line: string): GitMirrorError {
  return new GitMirrorError('GM_CORRUPT', `Reading a tag: its "${line}" line is missing or malformed.`);
}
