import { decodeUtf8 } from '../core/bytes.ts';
import { limits } from '../core/limits.ts';
import { printableText } from '../wire/printable-text.ts';
import { redactUrls } from './display-url.ts';

/** Lines that say nothing about a failure. */
const noise = /^Warning: Permanently added |^\*\* (?:WARNING: connection is not using|This session may|The server may)/;

/**
 * What a remote or a program said, fit to be shown: terminal escapes and control characters removed, of a line
 * overwritten with carriage returns only the last state, credentials in URLs removed, lines joined by `; `.
 */
export function presentRemoteText(text: string): string {
  return redactUrls(
    text
      .split('\n')
      .map((line) => printableText(line.replace(/\r+$/, '').split('\r').at(-1) ?? ''))
      .filter((line) => line !== '' && !noise.test(line))
      .join('; '),
  );
}

/** Keeps the last {@link limits.maxErrorTextBytes} bytes of what a program writes to its standard error. */
export class RemoteTextTail {
  #kept = Buffer.alloc(0);
  #cut = false;

  /** Takes more bytes; they are copied. */
  add(chunk: Uint8Array): void {
    const joined = Buffer.concat([this.#kept, chunk]);
    this.#cut ||= joined.length > limits.maxErrorTextBytes;
    this.#kept = this.#cut ? Buffer.from(joined.subarray(-limits.maxErrorTextBytes)) : joined;
  }

  /** The text so far as {@link presentRemoteText} shows it; a first line that was cut is left out. */
  toString(): string {
    const text = decodeUtf8(this.#kept);
    return presentRemoteText(this.#cut && text.includes('\n') ? text.slice(text.indexOf('\n') + 1) : text);
  }
}
