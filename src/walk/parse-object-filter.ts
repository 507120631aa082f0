import { GitMirrorError } from '../core/error.ts';
import { isObjectType } from '../objects/object-type.ts';
import type { ObjectFilter } from './object-filter.ts';

/** Bounds on a filter spec. */
export interface ObjectFilterLimits {
  /** Characters of the whole spec. */
  readonly maxFilterLength: number;
  /** `combine:` filters inside each other. */
  readonly maxFilterNesting: number;
}

/** Besides white space and control characters, what must be percent-encoded inside `combine:`. */
const reserved = '~`!@#$^&*()[]{}\\;\'",<>?';
const largestUnsigned = 2n ** 64n - 1n;
const factors: Readonly<Record<string, bigint>> = { '': 1n, k: 1024n, m: 1024n ** 2n, g: 1024n ** 3n };

/**
 * Reads the argument of `--filter` (git-rev-list(1)) as git-upload-pack does.
 *
 * @throws GitMirrorError `GM_PROTOCOL` with git's words for what git refuses, `GM_LIMIT` for a spec that is too long or
 * too deeply nested.
 */
export function parseObjectFilter(spec: string, limits: ObjectFilterLimits): ObjectFilter {
  if (spec.length > limits.maxFilterLength) {
    throw new GitMirrorError('GM_LIMIT', `filter-spec longer than ${limits.maxFilterLength} characters`, {
      details: { limit: 'maxFilterLength' },
    });
  }
  return parseNested(spec, limits.maxFilterNesting, limits.maxFilterNesting);
}

/**
 * The name of a filter's kind: what `uploadpackfilter.<kind>.allow` goes by, and a label of few values. `none` without
 * a filter.
 */
export function formatFilterKind(filter: ObjectFilter | undefined): string {
  return filter?.kind ?? 'none';
}

function parseNested(spec: string, nestingLeft: number, maxNesting: number): ObjectFilter {
  const argument = (prefix: string): string | undefined =>
    spec.startsWith(prefix) ? spec.slice(prefix.length) : undefined;
  if (spec === 'blob:none') return { kind: 'blob:none' };
  const limit = argument('blob:limit=');
  if (limit !== undefined) {
    const maxBytes = parseUnsigned(limit);
    if (maxBytes !== undefined) return { kind: 'blob:limit', maxBytes };
  }
  const depthText = argument('tree:');
  if (depthText !== undefined) {
    const depth = parseUnsigned(depthText);
    if (depth === undefined) throw refused("expected 'tree:<depth>'");
    return { kind: 'tree', depth };
  }
  const rules = argument('sparse:oid=');
  if (rules !== undefined) return { kind: 'sparse:oid', rules };
  if (spec.startsWith('sparse:path=')) throw refused('sparse:path filters support has been dropped');
  const type = argument('object:type=');
  if (type !== undefined) {
    if (!isObjectType(type)) throw refused(`'${type}' for 'object:type=<type>' is not a valid object type`);
    return { kind: 'object:type', type };
  }
  const parts = argument('combine:');
  if (parts === undefined) throw refused(`invalid filter-spec '${spec}'`);
  if (nestingLeft === 0) {
    throw new GitMirrorError('GM_LIMIT', `filter-spec with more than ${maxNesting} filters inside each other`, {
      details: { limit: 'maxFilterNesting' },
    });
  }
  const filters = splitCombined(parts).map((part) => {
    checkReserved(part);
    return parseNested(decodePercent(part), nestingLeft - 1, maxNesting);
  });
  return { kind: 'combine', filters };
}

/** A "+" at the very end stays with its part, as in git. */
function splitCombined(parts: string): string[] {
  if (parts === '') throw refused('expected something after combine:');
  const split = parts.split('+');
  if (split.at(-1) === '') {
    split.pop();
    split.push(`${split.pop() ?? ''}+`);
  }
  return split;
}

function checkReserved(part: string): void {
  for (const character of part) {
    // Git compares signed bytes, so anything beyond ASCII is below a space.
    if (character <= ' ' || character > '\x7f' || reserved.includes(character)) {
      throw refused(`must escape char in sub-filter-spec: '${character}'`);
    }
  }
}

/** Escapes that make no sense stay as they are, and so does an escaped NUL. */
function decodePercent(part: string): string {
  return part.replace(/%([0-9a-f]{2})/gi, (escape, digits: string) =>
    digits === '00' ? escape : String.fromCharCode(Number.parseInt(digits, 16)),
  );
}

/** An unsigned number as C reads it with base 0, with `k`, `m` or `g` behind it (git-config(1), "integer"). */
function parseUnsigned(text: string): number | undefined {
  const match = /^[ \t\n\v\f\r]*\+?(0x[0-9a-f]+|0[0-7]*|[1-9][0-9]*)([kmg]?)$/i.exec(text);
  if (match === null) return undefined;
  const [, digits = '', unit = ''] = match;
  const isOctal = /^0[0-7]/.test(digits);
  const value = BigInt(isOctal ? `0o${digits}` : digits) * (factors[unit.toLowerCase()] ?? 1n);
  return value > largestUnsigned ? undefined : Number(value);
}

function refused(message: string): GitMirrorError {
  return new GitMirrorError('GM_PROTOCOL', message);
}
