import { decodeUtf8 } from '../core/bytes.ts';
import { limits } from '../core/limits.ts';
import { redactUrls } from './display-url.ts';

// eslint-disable-next-line no-control-regex -- escape sequences of terminals are exactly what is being removed
const escapeSequences = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|.)/g;
/** Control characters, and the format characters that reorder or hide text. */
// eslint-disable-next-line no-control-regex -- as above
const invisible = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g;

/** Lines that say nothing about a failure. */
const noise = /^Warning: Permanently added |^\*\* (?:WARNING: connection is not using|This session may|The server may)/;

/**
 * What a remote or a program said, fit to be shown: terminal escapes and control characters removed, of a line
 * overwritten with carriage returns only the last state, credentials in URLs removed, lines joined by `; `.
 */
export function presentRemoteText(text: string): string {
  return redactUrls(
    text
      .replace(escapeSequences, '')
      .split('\n')
      .map((line) => (line.replace(/\r+$/, '').split('\r').at(-1) ?? '').replace(invisible, '').trim())
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
