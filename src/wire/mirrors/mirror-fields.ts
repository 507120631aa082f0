import { mirrorLimits } from './mirror-limits.ts';
import type { MirrorEntry, MirrorState, PreferMirrors } from './mirror-list.ts';

const url = /^[\u0021-\u007e]+$/;
const controls = /[\u0000-\u001f\u007f-\u009f]/;
const digest = /^[0-9a-f]{64}$/;
const region = /^[A-Z]{2}(?:-[A-Z0-9]{1,3})?$/;
const scheme = /^[a-z][a-z0-9+.-]{0,31}$/;
const maxWholeNumber = 0x7fff_ffff;

/**
 * Whether `text` can be a URL of a list: printable ASCII without blanks, of at most 2048 characters. Whether one should go
 * there is another question.
 */
export function isListedUrl(text: string): boolean {
  return text.length <= mirrorLimits.maxUrlLength && url.test(text);
}

/** Whether `text` can be what a client calls a repository: of at most 2048 characters, none of them a control character. */
export function isUrlText(text: string): boolean {
  return text !== '' && text.length <= mirrorLimits.maxUrlLength && !controls.test(text);
}

/** Whether `text` can be a ref digest. */
export function isRefDigest(text: string): boolean {
  return digest.test(text);
}

/** Whether `text` can be a cursor, whatever is in it. */
export function isCursor(text: string): boolean {
  return text.length <= mirrorLimits.maxCursorLength && url.test(text);
}

/** Whether `text` can be the name of a URL scheme, in lower case. */
export function isScheme(text: string): boolean {
  return scheme.test(text);
}

/** Whether `value` is a whole number from 0 to 2^31 - 1. */
export function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= maxWholeNumber;
}

/** `text` as such a number, or undefined. */
export function parseCount(text: string): number | undefined {
  const value = /^[0-9]{1,10}$/.test(text) ? Number(text) : undefined;
  return isCount(value) ? value : undefined;
}

/** Whether `text` says when clients should ask mirrors. */
export function isPreferMirrors(text: unknown): text is PreferMirrors {
  return text === 'now' || text === 'always' || text === 'never';
}

/** A mirror of which only what makes sense is kept; undefined when its URL makes none. */
export function checkedEntry(said: Readonly<Record<keyof MirrorEntry, unknown>>): MirrorEntry | undefined {
  if (typeof said.url !== 'string' || !isListedUrl(said.url)) return undefined;
  return {
    url: said.url,
    ttlSeconds: isCount(said.ttlSeconds) ? said.ttlSeconds : undefined,
    state: isState(said.state) ? said.state : undefined,
    digest: typeof said.digest === 'string' && digest.test(said.digest) ? said.digest : undefined,
    region: typeof said.region === 'string' && region.test(said.region) ? said.region : undefined,
    stratum: isCount(said.stratum) ? said.stratum : undefined,
  };
}

function isState(value: unknown): value is MirrorState {
  return value === 'current' || value === 'partial' || value === 'unknown';
}
