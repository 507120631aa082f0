import { GitMirrorError } from '../core/error.ts';
import { parseTag } from '../objects/tag.ts';
import type { ObjectType } from '../objects/object-type.ts';
import type { ObjectDatabase } from '../repository/object-database.ts';
import type { ObjectNumber } from '../repository/object-number.ts';
import { numberForOid } from './commit-table.ts';

/** Tags of tags followed. A chain cannot be a circle, but it can be long. */
const maxTagDepth = 4096;

/** What the annotated tag `number` leads to, one step on. The object need not be here. */
export function tagTarget(database: ObjectDatabase, number: ObjectNumber): ObjectNumber {
  const content = database.read(number);
  const { targetOid } = parseTag(database.kernel.memory.view(content.address, content.size), database.format);
  return numberForOid(database, targetOid);
}

/** What is behind an object once all tags are taken off, and its type; undefined when something is missing on the way. */
export function peel(
  database: ObjectDatabase,
  number: ObjectNumber,
): { readonly number: ObjectNumber; readonly type: ObjectType } | undefined {
  let current = number;
  for (let depth = 0; depth < maxTagDepth; depth++) {
    if (!database.has(current)) return undefined;
    const type = database.typeOf(current);
    if (type !== 'tag') return { number: current, type };
    current = tagTarget(database, current);
  }
  throw new GitMirrorError('GM_LIMIT', `Following tags: more than ${maxTagDepth} of them lead to each other.`);
}

/** The commit behind an object, tags taken off; -1 when there is none. */
export function peelToCommit(database: ObjectDatabase, number: ObjectNumber): ObjectNumber {
  const peeled = peel(database, number);
  return peeled?.type === 'commit' ? peeled.number : -1;
}
