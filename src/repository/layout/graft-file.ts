import { join } from 'node:path';
import { GitMirrorError } from '../../core/error.ts';
import { isObjectId, type ObjectFormat, type ObjectId } from '../../core/object-id.ts';
import { limits } from '../../core/limits.ts';
import { decodeRawText } from '../../core/raw-text.ts';
import { readSmallFile } from '../file-stamp.ts';
import { repositoryLimits } from '../repository-limits.ts';
import type { RepositoryLayout } from './repository-layout.ts';

/** Parents by commit. */
export type Grafts = ReadonlyMap<ObjectId, readonly ObjectId[]>;

/**
 * The parents that `info/grafts` gives to commits (gitrepository-layout(5)). As git does, lines that make no sense are left
 * out with a warning, and so is what is said of a commit again.
 *
 * @throws GitMirrorError `GM_LIMIT`, `GM_SYSTEM`
 */
export function readGrafts(
  layout: Pick<RepositoryLayout, 'commonDir' | 'format'>,
  onWarning?: (message: string) => void,
): Grafts {
  const file = readSmallFile(join(layout.commonDir, 'info', 'grafts'), repositoryLimits.maxShallowBytes);
  return file === undefined ? new Map() : parseGrafts(file.bytes, layout.format, onWarning);
}

/** Lines of object names with white space between: a commit and its parents. Those that begin with `#` are comments. */
export function parseGrafts(bytes: Buffer, format: ObjectFormat, onWarning?: (message: string) => void): Grafts {
  const grafts = new Map<ObjectId, readonly ObjectId[]>();
  for (let at = 0; at < bytes.length;) {
    const end = bytes.indexOf(0x0a, at);
    const lineEnd = end < 0 ? bytes.length : end;
    const line = decodeRawText(bytes, at, lineEnd).replace(/[ \t\n\r]+$/, '');
    at = lineEnd + 1;
    if (line === '' || line.startsWith('#')) continue;
    const [commit, ...parents] = line.toLowerCase().split(/[ \t\r]/);
    if (!isObjectId(commit ?? '', format) || !parents.every((oid) => isObjectId(oid, format))) {
      onWarning?.(`bad graft data: ${line.slice(0, 1000)}`);
    } else if (parents.length > limits.maxCommitParents) {
      throw new GitMirrorError('GM_LIMIT', `graft of ${String(commit)} has ${String(parents.length)} parents`);
    } else if (grafts.has(commit as ObjectId)) {
      onWarning?.(`duplicate graft data: ${line.slice(0, 1000)}`);
    } else {
      grafts.set(commit as ObjectId, parents);
    }
  }
  return grafts;
}
