import { join } from 'node:path';
import { GitMirrorError } from '../../core/error.ts';
import { hexLength, isObjectId, type ObjectFormat, type ObjectId } from '../../core/object-id.ts';
import { decodeRawText } from '../../core/raw-text.ts';
import { readSmallFile } from '../file-stamp.ts';
import { repositoryLimits } from '../repository-limits.ts';
import type { RepositoryLayout } from './repository-layout.ts';

/**
 * The commits whose parents a shallow repository does not have (gitrepository-layout(5), "shallow"), in the order of the
 * file. Empty when there is no such file.
 *
 * @throws GitMirrorError `GM_CORRUPT`, in git's words; `GM_LIMIT`; `GM_SYSTEM`
 */
export function readShallow(layout: Pick<RepositoryLayout, 'commonDir' | 'format'>): readonly ObjectId[] {
  const path = join(layout.commonDir, 'shallow');
  const file = readSmallFile(path, repositoryLimits.maxShallowBytes);
  return file === undefined ? [] : parseShallow(file.bytes, layout.format, path);
}

/** Names at the beginnings of lines; what is behind one is ignored, as git does. */
export function parseShallow(bytes: Buffer, format: ObjectFormat, path: string): readonly ObjectId[] {
  const oids = new Set<ObjectId>();
  for (let at = 0; at < bytes.length;) {
    const end = bytes.indexOf(0x0a, at);
    const lineEnd = end < 0 ? bytes.length : end;
    const oid = bytes.toString('latin1', at, Math.min(lineEnd, at + hexLength(format))).toLowerCase();
    if (!isObjectId(oid, format)) {
      const line = decodeRawText(bytes, at, Math.min(lineEnd, at + 1000));
      throw new GitMirrorError('GM_CORRUPT', `bad shallow line: ${line}`, { details: { path } });
    }
    oids.add(oid);
    at = lineEnd + 1;
  }
  return [...oids];
}
