import { isUtf8 } from 'node:buffer';
import { GitMirrorError } from '../core/error.ts';
import { hexLength, isObjectId } from '../core/object-id.ts';
import type { ObjectFormat, ObjectId } from '../core/object-id.ts';
import { isValidRefName } from '../core/ref-name.ts';
import { printableText } from './printable-text.ts';

const excerptLength = 120;

/** The error for a line that does not say what it should; an excerpt of it, made printable, is in the message. */
export function badLineError(doing: string, expected: string, line: string): GitMirrorError {
  const excerpt = printableText(line, excerptLength);
  return new GitMirrorError('GM_PROTOCOL', `${doing}: expected ${expected}, got "${excerpt}"`, {
    details: { excerpt },
  });
}

/** The name that `text` is, in lower case, or undefined. Both sides must take either case (gitprotocol-pack). */
export function parseOid(text: string, format: ObjectFormat): ObjectId | undefined {
  if (isObjectId(text, format)) return text;
  const lower = text.toLowerCase();
  return isObjectId(lower, format) ? lower : undefined;
}

/** `<oid> SP <rest>` taken apart, or undefined when it does not begin so. */
export function splitOid(line: string, format: ObjectFormat): { oid: ObjectId; rest: string } | undefined {
  const length = hexLength(format);
  if (line.charCodeAt(length) !== 0x20) return undefined;
  const oid = parseOid(line.slice(0, length), format);
  return oid === undefined ? undefined : { oid, rest: line.slice(length + 1) };
}

/**
 * Whether `name`, which was decoded from `payload`, is a legal ref name. One that was not UTF-8 is not: it could not be
 * written back as it was.
 */
export function isReceivedRefName(name: string, payload: Uint8Array): boolean {
  return isValidRefName(name) && (!name.includes('\ufffd') || isUtf8(payload));
}

/** `text` as a whole number above zero that fits 31 bits, or undefined. */
export function parsePositive(text: string): number | undefined {
  const value = /^[0-9]{1,10}$/.test(text) ? Number(text) : 0;
  return value > 0 && value <= 0x7fff_ffff ? value : undefined;
}

/** `text` as seconds since 1970, or undefined. */
export function parseTimestamp(text: string): number | undefined {
  return /^[0-9]{1,15}$/.test(text) ? Number(text) : undefined;
}
