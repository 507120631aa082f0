import { hexLength } from '../core/object-id.ts';
import type { ObjectId } from '../core/object-id.ts';
import { isGitMirrorError } from '../core/error.ts';
import { parseOid } from '../wire/protocol-line.ts';
import { formatFilterKind, parseObjectFilter } from '../walk/parse-object-filter.ts';
import { parseCInt, parseCTimestamp } from './c-number.ts';
import type { FetchState } from './fetch-state.ts';
import { Refusal, requestError } from './upload-error.ts';
import type { UploadSession } from './upload-session.ts';

/** What revisions without `refs/` in front may stand for, in order (gitrevisions(7)). */
const refRules = ['', 'refs/', 'refs/tags/', 'refs/heads/', 'refs/remotes/'] as const;

/** The object name that `text` begins with: git looks no further. */
export function leadingOid({ repository: { format } }: UploadSession, text: string): ObjectId | undefined {
  return parseOid(text.slice(0, hexLength(format)), format);
}

/**
 * Takes the lines that protocol v0 and v2 have in common: `shallow`, `deepen`, `deepen-since`, `deepen-not`. False for any
 * other.
 */
export function takeShallowLine(session: UploadSession, state: FetchState, line: string): boolean {
  const blank = line.indexOf(' ');
  const value = line.slice(blank + 1);
  switch (line.slice(0, Math.max(0, blank))) {
    case 'shallow':
      takeShallow(session, state, value, line);
      return true;
    case 'deepen':
      takeDepth(session, state, value, line);
      return true;
    case 'deepen-since':
      state.deepenSince = parseCTimestamp(value);
      if (state.deepenSince === undefined) throw requestError(`Invalid deepen-since: ${line}`);
      return true;
    case 'deepen-not':
      takeDeepenNot(session, state, value, line);
      return true;
  }
  return false;
}

function takeShallow(session: UploadSession, state: FetchState, value: string, line: string): void {
  const oid = leadingOid(session, value);
  if (oid === undefined) throw requestError(`invalid shallow line: ${line}`);
  checkCount(session, ++state.lines.shallows, 'maxShallows', 'shallow lines');
  const { objects } = session.repository;
  const number = objects.numberOf(oid);
  if (number < 0) return;
  if (objects.typeOf(number) !== 'commit') throw requestError(`invalid shallow object ${oid}`);
  state.addShallow(number);
}

function takeDepth({ exchange }: UploadSession, state: FetchState, value: string, line: string): void {
  const depth = parseCInt(value);
  if (depth === undefined || depth <= 0) throw requestError(`Invalid deepen: ${line}`);
  const { maxDepth } = exchange.limits;
  if (depth > maxDepth) {
    throw new Refusal(`upload-pack: depth ${String(depth)} is too large, ${String(maxDepth)} is the limit`);
  }
  state.depth = depth;
}

function takeDeepenNot(session: UploadSession, state: FetchState, value: string, line: string): void {
  checkCount(session, ++state.lines.deepenNots, 'maxShallows', 'deepen-not lines');
  if (state.deepenNot.has(value)) return;
  const { config } = session.repository;
  const refs = session.view.stored;
  const found: ObjectId[] = [];
  for (const name of [...refRules.map((rule) => rule + value), `refs/remotes/${value}/HEAD`]) {
    const ref = refs.find(name);
    if (ref !== undefined) found.push(ref.oid);
    if (ref !== undefined && config.getBoolean('core.warnambiguousrefs') === false) break;
  }
  const [oid] = found;
  if (found.length > 1) throw requestError(`git upload-pack: ambiguous deepen-not: ${line}`);
  if (oid === undefined) throw requestError(`git upload-pack: deepen-not is not a ref: ${line}`);
  state.deepenNot.set(value, oid);
}

/** Takes the argument of `filter`, whatever the protocol. */
export function takeFilter({ config, exchange }: UploadSession, state: FetchState, spec: string): void {
  if (state.filter !== undefined) throw requestError('multiple filter-specs cannot be combined');
  try {
    state.filter = parseObjectFilter(spec, exchange.limits);
  } catch (error) {
    if (isGitMirrorError(error, 'GM_LIMIT')) throw new Refusal(`upload-pack: ${error.message}`);
    throw error;
  }
  config.filterPolicy.check(state.filter);
  exchange.observer.facts({ filter: formatFilterKind(state.filter) });
}

/** @throws Refusal for more lines of a kind than allowed. */
export function checkCount(
  { exchange }: UploadSession,
  count: number,
  limit: 'maxWants' | 'maxHaves' | 'maxShallows',
  what: string,
): void {
  const most = exchange.limits[limit];
  if (count > most) throw new Refusal(`upload-pack: too many ${what}, ${String(most)} is the limit`);
}
