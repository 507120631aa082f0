import { GitMirrorError } from '../core/error.ts';
import { printableText } from './printable-text.ts';

/** Bytes of the length that begins every pkt-line. */
export const lengthBytes = 4;

const excerptBytes = 64;

const digitValues = new Int8Array(256).fill(-1);
for (let value = 0; value < 16; value += 1) {
  const digit = value.toString(16);
  digitValues[digit.charCodeAt(0)] = value;
  digitValues[digit.toUpperCase().charCodeAt(0)] = value;
}

function digitAt(bytes: Uint8Array, offset: number): number {
  return digitValues[bytes[offset] ?? 0] ?? -1;
}

/** The length in the four bytes at `offset`, itself included; negative when they are not hexadecimal digits. */
export function decodePacketLength(bytes: Uint8Array, offset: number): number {
  const a = digitAt(bytes, offset);
  const b = digitAt(bytes, offset + 1);
  const c = digitAt(bytes, offset + 2);
  const d = digitAt(bytes, offset + 3);
  // Any -1 sets the sign bit.
  return (a | b | c | d) < 0 ? -1 : (a << 12) | (b << 8) | (c << 4) | d;
}

const digits = new TextEncoder().encode('0123456789abcdef');

/** Writes `length` as four hexadecimal digits at `offset` of `target`. */
export function encodePacketLength(length: number, target: Uint8Array, offset: number): void {
  for (let index = 0; index < lengthBytes; index += 1) {
    target[offset + index] = digits[(length >> (12 - 4 * index)) & 15] ?? 0;
  }
}

/**
 * The error for bytes that do not begin with a legal length. `bytes` starts at the length; an excerpt of it, made
 * printable, is in the message and in `details.excerpt`, since an HTML page is the usual reason.
 */
export function badLengthError(bytes: Uint8Array, maxPacketBytes: number): GitMirrorError {
  const length = decodePacketLength(bytes, 0);
  const excerpt = printableText(bytes.subarray(0, excerptBytes), excerptBytes);
  const reason =
    length < 0
      ? 'it does not begin with four hexadecimal digits'
      : length <= lengthBytes
        ? `${length} is no legal length here`
        : `it is ${length} bytes long, and ${maxPacketBytes} are allowed`;
  return new GitMirrorError('GM_PROTOCOL', `reading a pkt-line of the remote: ${reason}; it begins "${excerpt}"`, {
    details: { excerpt },
  });
}
