import { GitMirrorError } from '../core/error.ts';
import { printableText } from './printable-text.ts';

/** Whether `payload` is an error packet (gitprotocol-pack, "Git Protocol Format": `ERR` SP explanation). */
export function isErrorPacket(payload: Uint8Array): boolean {
  // Byte by byte, since this runs for every packet of an advertisement.
  return payload[0] === 0x45 && payload[1] === 0x52 && payload[2] === 0x52 && payload[3] === 0x20;
}

/**
 * Throws `GM_REMOTE` with the server's words when `payload` is an error packet. What those words mean (no such
 * repository, no permission) is not guessed. `doing` begins the message, as in `reading the refs`.
 */
export function throwIfErrorPacket(payload: Uint8Array, doing: string): void {
  if (isErrorPacket(payload)) throw remoteError(payload.subarray(4), doing);
}

/** The error `GM_REMOTE` that carries what the other side says, made printable, also as `details.remoteText`. */
export function remoteError(text: string | Uint8Array, doing: string): GitMirrorError {
  const remoteText = printableText(text);
  return new GitMirrorError('GM_REMOTE', `${doing}: the remote says: ${remoteText === '' ? '(nothing)' : remoteText}`, {
    details: { remoteText },
  });
}
