import { concatBytes } from '../core/bytes.ts';
import { GitMirrorError } from '../core/error.ts';

/** What a CGI program says before its body (RFC 3875, 6.2 and 6.3). */
export interface CgiHead {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** Longest head taken from a program. */
export const maxCgiHeadBytes = 16 * 1024;

/** Headers that belong to one connection; the server in front writes its own. */
const perConnection = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Takes bytes until the head of a CGI answer is whole. */
export class CgiHeadDecoder {
  #held: Uint8Array = new Uint8Array(0);

  /**
   * Takes the next bytes. Undefined while the head is not complete; then the head and what follows it, a view of the
   * bytes given. Throws `GM_PROTOCOL` for a head that is malformed or too long.
   */
  push(chunk: Uint8Array): { readonly head: CgiHead; readonly rest: Uint8Array } | undefined {
    this.#held = concatBytes([this.#held, chunk]);
    const end = findEmptyLine(this.#held);
    if (end === undefined) {
      if (this.#held.length > maxCgiHeadBytes) throw malformed('its headers are too long');
      return undefined;
    }
    return { head: decodeHead(this.#held.subarray(0, end.start)), rest: this.#held.subarray(end.next) };
  }
}

const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/** Where the empty line that ends the head begins and ends; the program may end lines with LF or CRLF. */
function findEmptyLine(bytes: Uint8Array): { start: number; next: number } | undefined {
  const limit = Math.min(bytes.length, maxCgiHeadBytes + 4);
  for (let index = 0; index < limit; index += 1) {
    if (bytes[index] !== lineFeed) continue;
    if (bytes[index + 1] === lineFeed) return { start: index, next: index + 2 };
    if (bytes[index + 1] === carriageReturn && bytes[index + 2] === lineFeed) return { start: index, next: index + 3 };
  }
  return undefined;
}

function decodeHead(bytes: Uint8Array): CgiHead {
  let status = 200;
  const headers: (readonly [string, string])[] = [];
  for (const line of Buffer.from(bytes).toString('latin1').split(/\r?\n/)) {
    const [, name, value] =
      /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\u0020-\u007e\u0080-\u00ff]*?)[ \t]*\r?$/.exec(line) ?? [];
    if (name === undefined || value === undefined) throw malformed('a line of its headers is none');
    if (name.toLowerCase() === 'status') status = decodeStatus(value);
    else if (!perConnection.has(name.toLowerCase())) headers.push([name, value]);
  }
  // git-http-backend begins with the headers of the answer it expects to give; those of a refusal follow, and count.
  return { status, headers: headers.filter(([name], index) => !headers.slice(index + 1).some(isNamed(name))) };
}

function isNamed(name: string): (header: readonly [name: string, value: string]) => boolean {
  return ([other]) => other.toLowerCase() === name.toLowerCase();
}

function decodeStatus(value: string): number {
  const status = Number(/^([2-5]\d\d)(?: |$)/.exec(value)?.[1]);
  if (Number.isNaN(status)) throw malformed('its status is none');
  return status;
}

function malformed(what: string): GitMirrorError {
  return new GitMirrorError('GM_PROTOCOL', `The answer of the CGI program cannot be read: ${what}`);
}
