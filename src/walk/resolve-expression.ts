import { isObjectId } from '../core/object-id.ts';
import { TreeScanner } from '../objects/tree.ts';
import type { ObjectNumber } from '../repository/object-number.ts';
import type { Repository } from '../repository/repository.ts';
import { commitTableOf, numberForOid } from './commit-table.ts';
import { peel, peelToCommit, tagTarget } from './peel.ts';
import { decodeObjectId } from '../core/object-id.ts';

/** Where a short ref name is looked for, in order (gitrevisions(7), "<refname>"). */
const refRules: readonly ((name: string) => string)[] = [
  (name) => name,
  (name) => `refs/${name}`,
  (name) => `refs/tags/${name}`,
  (name) => `refs/heads/${name}`,
  (name) => `refs/remotes/${name}`,
  (name) => `refs/remotes/${name}/HEAD`,
];
/** Steps of `~` and `^` that are followed. */
const maxSteps = 1_000_000;

/**
 * The object that an expression of gitrevisions(7) leads to: a full object name or a ref, `~<n>`, `^<n>` and `^{<type>}`
 * behind it, and `:<path>` at the end. -1 when it leads nowhere; short object names, `@{…}`, `:/…` and the index do.
 */
export function resolveExpression(repository: Repository, expression: string): ObjectNumber {
  const colon = expression.indexOf(':');
  const revision = colon < 0 ? expression : expression.slice(0, colon);
  const start = resolveRevision(repository, revision);
  if (colon < 0 || start < 0) return start;
  return resolvePath(repository, start, expression.slice(colon + 1));
}

function resolveRevision(repository: Repository, revision: string): ObjectNumber {
  const database = repository.objects;
  const match = /^([^~^]+)((?:[~^](?:\d+|\{[a-z]*\})?)*)$/.exec(revision);
  if (match === null) return -1;
  const [, name = '', suffixes = ''] = match;
  let number = resolveName(repository, name);
  let stepsLeft = maxSteps;
  for (const [, kind = '', argument = ''] of suffixes.matchAll(/([~^])(\d+|\{[a-z]*\})?/g)) {
    if (number < 0) return -1;
    if (argument.startsWith('{')) {
      number = peelAs(repository, number, argument.slice(1, -1));
      continue;
    }
    const count = argument === '' ? 1 : Number(argument);
    const steps = kind === '~' ? count : 1;
    stepsLeft -= steps;
    if (stepsLeft < 0) return -1;
    number = peelToCommit(database, number);
    for (let step = 0; step < steps && number >= 0; step++) {
      number = parentOf(repository, number, kind === '~' ? 1 : count);
    }
  }
  return number;
}

function resolveName(repository: Repository, name: string): ObjectNumber {
  const database = repository.objects;
  if (isObjectId(name, database.format)) return numberForOid(database, name);
  for (const rule of refRules) {
    const ref = repository.refs.find(rule(name === '@' ? 'HEAD' : name));
    if (ref !== undefined) return numberForOid(database, ref.oid);
  }
  return -1;
}

/** Parent `which`, from 1; the commit itself for 0. */
function parentOf(repository: Repository, commit: ObjectNumber, which: number): ObjectNumber {
  if (which === 0) return commit;
  const table = commitTableOf(repository);
  const slot = table.slotOf(commit);
  if (!table.read(slot) || which > table.parentCount(slot)) return -1;
  return table.numberOf(table.parentOf(slot, which - 1));
}

function peelAs(repository: Repository, number: ObjectNumber, type: string): ObjectNumber {
  const database = repository.objects;
  if (!database.has(number)) return -1;
  if (type === 'object') return number;
  let current = number;
  while (database.typeOf(current) === 'tag' && type !== 'tag') {
    current = tagTarget(database, current);
    if (!database.has(current)) return -1;
  }
  if (type === '' || database.typeOf(current) === type) return current;
  return type === 'tree' ? treeOf(repository, current) : -1;
}

function treeOf(repository: Repository, number: ObjectNumber): ObjectNumber {
  const peeled = peel(repository.objects, number);
  if (peeled?.type === 'tree') return peeled.number;
  if (peeled?.type !== 'commit') return -1;
  const table = commitTableOf(repository);
  const slot = table.slotOf(peeled.number);
  return table.read(slot) ? table.treeOf(slot) : -1;
}

function resolvePath(repository: Repository, start: ObjectNumber, path: string): ObjectNumber {
  const database = repository.objects;
  let number = treeOf(repository, start);
  for (const part of path.split('/')) {
    if (part === '') continue;
    if (number < 0 || !database.has(number) || database.typeOf(number) !== 'tree') return -1;
    const wanted = Buffer.from(part);
    const read = database.read(number);
    const content = database.kernel.memory.bytes.slice(read.address, read.address + read.size);
    const scanner = new TreeScanner(database.format);
    scanner.reset(content);
    number = -1;
    while (scanner.next()) {
      if (!wanted.equals(content.subarray(scanner.nameStart, scanner.nameEnd)) || scanner.isGitlink) continue;
      number = numberForOid(database, decodeObjectId(content, scanner.oidStart, database.format));
      break;
    }
  }
  return number;
}
