/**
 * Text in files and on the wire that is UTF-8 by custom only: ref names, paths, configuration. A byte that is no UTF-8 is
 * held as the lone surrogate U+DC00 + byte, which decoding never gives for anything else, so that text goes back to the
 * very same bytes.
 */

const escapeBase = 0xdc00;

/** The text of `bytes` from `start` to `end`; {@link encodeRawText} gives the same bytes again. */
export function decodeRawText(bytes: Uint8Array, start = 0, end = bytes.length): string {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = view.toString('utf8', start, end);
  return text.includes('\ufffd') ? decodeEscaped(view, start, end) : text;
}

/** The bytes of `text`, freshly allocated. */
export function encodeRawText(text: string): Uint8Array {
  if (text.isWellFormed()) return Buffer.from(text, 'utf8');
  const parts: Uint8Array[] = [];
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    const isByte = code >= escapeBase + 0x80 && code <= escapeBase + 0xff;
    parts.push(isByte ? Uint8Array.of(code - escapeBase) : Buffer.from(character, 'utf8'));
  }
  return Buffer.concat(parts);
}

/** Order of the bytes of two texts, which differs from that of UTF-16 above U+D7FF: negative, 0 or positive. */
export function compareRawText(left: string, right: string): number {
  if (left === right) return 0;
  const length = Math.min(left.length, right.length);
  let at = 0;
  while (at < length && left.charCodeAt(at) === right.charCodeAt(at)) at++;
  if (at === length) return left.length - right.length;
  if (left.charCodeAt(at) < 0x80 && right.charCodeAt(at) < 0x80) return left.charCodeAt(at) - right.charCodeAt(at);
  return Buffer.compare(encodeRawText(left), encodeRawText(right));
}

/** Whether the bytes of `text` begin with those of `prefix`, which may end within a character. */
export function startsWithRawText(text: string, prefix: string): boolean {
  if (text.startsWith(prefix)) return true;
  if (prefix.isWellFormed()) return false;
  const bytes = encodeRawText(prefix);
  return Buffer.compare(encodeRawText(text).subarray(0, bytes.length), bytes) === 0;
}

function decodeEscaped(bytes: Buffer, start: number, end: number): string {
  let text = '';
  for (let at = start; at < end;) {
    const length = sequenceLength(bytes, at, end);
    text += length === 0 ? String.fromCharCode(escapeBase + (bytes[at] ?? 0)) : bytes.toString('utf8', at, at + length);
    at += Math.max(1, length);
  }
  return text;
}

/** Bytes of the well-formed UTF-8 sequence at `at` (RFC 3629, section 4); 0 when there is none. */
function sequenceLength(bytes: Uint8Array, at: number, end: number): number {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return 1;
  const length = first >= 0xc2 && first <= 0xdf ? 2 : first >= 0xe0 && first <= 0xef ? 3 : 0;
  const width = first >= 0xf0 && first <= 0xf4 ? 4 : length;
  if (width === 0 || at + width > end) return 0;
  const second = bytes[at + 1] ?? 0;
  const low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  if (second < low || second > high) return 0;
  for (let index = 2; index < width; index++) {
    if (((bytes[at + index] ?? 0) & 0xc0) !== 0x80) return 0;
  }
  return width;
}
