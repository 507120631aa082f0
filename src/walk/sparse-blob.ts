import { GitMirrorError } from '../core/error.ts';
import type { Repository } from '../repository/repository.ts';
import { numberForOid } from './commit-table.ts';
import type { ObjectFilter } from './object-filter.ts';
import { resolveExpression } from './resolve-expression.ts';
import { parseSparseRules, type SparseRules } from './sparse-rules.ts';

/** Bytes of rules: each of them is tried on each path. */
const maxSparseRulesBytes = 256 * 1024;

/**
 * Reads the rules that a `sparse:oid` filter names.
 *
 * @throws GitMirrorError `GM_PROTOCOL`, in git's words, when the name leads nowhere, or to something that is no blob;
 * `GM_LIMIT` for a blob over 256 KiB.
 */
export function readSparseRules(
  repository: Repository,
  { rules, rulesOid }: ObjectFilter & { kind: 'sparse:oid' },
): SparseRules {
  const database = repository.objects;
  const number = rulesOid === undefined ? resolveExpression(repository, rules) : numberForOid(database, rulesOid);
  if (number < 0) throw new GitMirrorError('GM_PROTOCOL', `unable to access sparse blob in '${rules}'`);
  if (!database.has(number) || database.typeOf(number) !== 'blob') {
    throw new GitMirrorError('GM_PROTOCOL', `unable to parse sparse filter data in ${database.oidOf(number)}`);
  }
  if (database.sizeOf(number) > maxSparseRulesBytes) {
    throw new GitMirrorError(
      'GM_LIMIT',
      `sparse filter data in ${database.oidOf(number)} is over ${maxSparseRulesBytes} bytes`,
      {
        details: { limit: 'maxSparseRulesBytes' },
      },
    );
  }
  const { address, size } = database.read(number);
  return parseSparseRules(database.kernel.memory.view(address, size));
}
