import { GitMirrorError } from '../../core/error.ts';
import { displayUrl } from '../../transport/display-url.ts';
import { gitDaemonPort, parseEndpoint, type ParsedEndpoint } from '../../transport/parse-endpoint.ts';
import { printableText } from '../../wire/printable-text.ts';
import type { MirrorCandidate } from '../mirror-candidate.ts';
import { networkSchemes } from './protocol-choice.ts';

/** Who named a URL: a person, on a command line or in the configuration, or anybody else. */
export type MirrorSource = 'user' | 'network';

/** A mirror whose URL was checked, and which has no place for its refs yet (`mirrorSpaces`). */
export type MirrorUrl = Omit<MirrorCandidate, 'space'>;

/** Where a URL leads, as far as names are made of it. */
export interface MirrorAddress {
  readonly scheme: string;
  /** Lower case, IDN as punycode, IPv6 in brackets; empty for a path on this machine. */
  readonly host: string;
  /** Undefined for the default of the scheme. */
  readonly port: number | undefined;
}

/** Longest URL of a mirror, in characters. */
const maxUrlLength = 2048;
const longestLabel = 63;
const longestHost = 253;

/** Controls and blanks of all kinds, and what changes the direction of the text around it. */
const unwanted = /[\u0000-\u0020\u007f-\u00a0\u1680\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff\ufffd]/u;
const label = /^[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?$/;
const sshDefaultPort = 22;

/**
 * The mirror that `text` names, or `GM_USAGE` with what is wrong with it. Nothing is looked up.
 *
 * From anybody: at most 2048 characters, no controls or blanks, nothing that a program could take for an option, no
 * remote helper (`ext::…`), no password, and a host that can be one. From the network: only `https://`, `http://`,
 * `git://` and `ssh://`, no user name at all. A person may name a path, whole or as a `file://` URL, and `host:path`, too.
 */
export function parseMirrorUrl(text: string, source: MirrorSource): MirrorUrl {
  if (text === '') throw refuse(text, 'it is empty');
  if (text.length > maxUrlLength) throw refuse(text, `it is longer than ${maxUrlLength} characters`);
  if (unwanted.test(text) || !text.isWellFormed()) throw refuse(text, 'it holds a blank or a control character');
  if (text.startsWith('-')) throw refuse(text, 'it begins with a dash, like an option');
  if (hasPassword(text)) throw refuse(text, 'it holds a password; leave that to a credential helper');
  const parsed = parseEndpoint(text);
  const { scheme } = addressOf(text, parsed);
  if (parsed.transport === 'helper') throw refuse(text, 'its transport is none that mirrors are reached by');
  if (parsed.transport === 'local' && !isWholePath(text))
    throw refuse(text, 'a path must be whole: write /srv/app.git');
  if (source === 'user') return { url: text, scheme, isUsers: true };
  const isUrl = /^[a-z]+:\/\//i.test(text) && networkSchemes.includes(scheme);
  if (!isUrl) throw refuse(text, 'a server may name https, http, git and ssh URLs only');
  if (/^[a-z]+:\/\/[^/?#]*@/i.test(text)) throw refuse(text, 'a server may not name a user');
  const url = parsed.transport === 'http' ? parsed.target.url.href : text;
  if (!/^[!-~]+$/.test(url)) throw refuse(text, 'it holds characters that are not ASCII');
  return { url, scheme, isUsers: false };
}

/** Where `url` leads. Throws `GM_USAGE` for a malformed URL, and for a host that cannot be one. */
export function mirrorAddress(url: string): MirrorAddress {
  return addressOf(url, parseEndpoint(url));
}

function addressOf(text: string, parsed: ParsedEndpoint): MirrorAddress {
  switch (parsed.transport) {
    case 'http': {
      const { url } = parsed.target;
      // Where browsers see a slash, or pass over some, other programs do not: the two would go to different hosts.
      if (text.includes('\\')) throw refuse(text, 'it holds a backslash');
      if (/^[a-z]+:\/\/\//i.test(text)) throw refuse(text, 'its host is none');
      const port = url.port === '' ? undefined : Number(url.port);
      return { scheme: url.protocol.slice(0, -1), host: checkHost(url.hostname, text), port };
    }
    case 'ssh': {
      const port = parsed.port === sshDefaultPort ? undefined : parsed.port;
      return { scheme: 'ssh', host: plainHost(parsed.host, text), port };
    }
    case 'git': {
      const port = parsed.port === gitDaemonPort ? undefined : parsed.port;
      return { scheme: 'git', host: plainHost(parsed.host, text), port };
    }
    case 'local':
      return { scheme: 'file', host: '', port: undefined };
    case 'helper':
      return { scheme: parsed.helper.toLowerCase(), host: '', port: undefined };
  }
}

/** A host that no URL parser has looked at yet. */
function plainHost(host: string, text: string): string {
  const bracketed = host.includes(':') ? `[${host.replace(/%.*$/, '')}]` : host;
  if (/[/?#@\\%[\]]/.test(bracketed.replace(/^\[([^\][]*)\]$/, '$1'))) throw refuse(text, 'its host is none');
  return checkHost(URL.parse(`http://${bracketed}/`)?.hostname ?? '', text);
}

function checkHost(host: string, text: string): string {
  if (host === '') throw refuse(text, 'its host is none');
  if (/^\[[0-9a-f:.]+\]$/.test(host)) return host;
  const name = host.replace(/\.$/, '');
  const isName =
    name.length <= longestHost &&
    !name.endsWith('.lock') &&
    name.split('.').every((part) => part.length <= longestLabel && label.test(part));
  if (!isName) throw refuse(text, 'its host is none');
  return name;
}

function hasPassword(text: string): boolean {
  const userinfo = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)@/i.exec(text)?.[1];
  return userinfo?.includes(':') === true;
}

function isWholePath(text: string): boolean {
  return /^file:\/\//i.test(text) || text.startsWith('/') || /^[a-z]:[\\/]/i.test(text);
}

function refuse(text: string, why: string): GitMirrorError {
  return new GitMirrorError('GM_USAGE', `The mirror "${printableText(displayUrl(text), 200)}" is refused: ${why}`);
}
