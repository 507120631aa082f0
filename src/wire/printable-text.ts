import { decodeUtf8 } from '../core/bytes.ts';
import { limits } from '../core/limits.ts';

/** Terminal control sequences (ECMA-48 CSI, OSC with its end, and two-byte escapes), removed as a whole. */
const escapeSequences = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[@-Z\\^_])/g;

const blanks = /[\t\n\r]+/g;

/** C0 and C1 controls, and characters that are invisible or change the direction of the text around them. */
const unprintable = /[\u0000-\u001f\u007f-\u009f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/**
 * Text of the other side as one line that is safe to print: terminal sequences, control and direction characters
 * removed, line ends and tabs made blanks, outer blanks trimmed, cut to `maxLength` characters with an ellipsis.
 * Malformed UTF-8 becomes U+FFFD.
 */
export function printableText(text: string | Uint8Array, maxLength: number = limits.maxErrorTextBytes): string {
  // A character takes at most four bytes, so no more than that is decoded of whatever was sent.
  const decoded = typeof text === 'string' ? text : decodeUtf8(text.subarray(0, 4 * maxLength + 4));
  const clean = decoded.replace(escapeSequences, '').replace(blanks, ' ').replace(unprintable, '').trim();
  return clean.length <= maxLength ? clean : `${clean.slice(0, maxLength - 1).toWellFormed()}…`;
}
