import { GitMirrorError } from '../../core/error.ts';

const control = /[\u0000-\u001f\u007f]/;

/**
 * Refuses credentials that hold a control character: a line break would end the header they travel in, or begin a line
 * of the credential protocol. Throws `GM_USAGE`; the message says which part of whose, never what.
 */
export function assertPlainCredential(value: string, what: string): void {
  if (!control.test(value)) return;
  throw new GitMirrorError('GM_USAGE', `The ${what} holds a line break or another control character: remove it`);
}

/** `Authorization` value for a user name and a password or token (RFC 7617, in UTF-8). */
export function basicAuthorization(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;
}

/** `Authorization` value for a bearer token (RFC 6750). Throws `GM_USAGE` for a token that cannot stand in a header. */
export function bearerAuthorization(token: string, what: string): string {
  if (!/^[\u0021-\u007e]+$/.test(token)) {
    throw new GitMirrorError('GM_USAGE', `The ${what} is empty or holds a space or a character outside ASCII`);
  }
  return `Bearer ${token}`;
}
