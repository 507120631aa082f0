import { GitMirrorError } from '../core/error.ts';
import type { HttpTarget } from './http/http-target.ts';

/** A repository reached through `ssh`. */
export interface SshEndpoint {
  readonly transport: 'ssh';
  readonly user?: string;
  /** Host without brackets. */
  readonly host: string;
  readonly port?: number;
  /** Path as the remote program gets it: `/srv/x.git`, `x.git` or `~user/x.git`. */
  readonly path: string;
}

/** A repository behind `git daemon`. */
export interface GitDaemonEndpoint {
  readonly transport: 'git';
  /** Host without brackets. */
  readonly host: string;
  readonly port: number;
  readonly path: string;
}

/** A repository on this machine. */
export interface LocalEndpoint {
  readonly transport: 'local';
  readonly path: string;
}

/** A repository reached through `git-remote-<helper>`. */
export interface HelperEndpoint {
  readonly transport: 'helper';
  readonly helper: string;
  /** What the helper gets: all after `<helper>::`, or the whole URL when it has a scheme that only a helper knows. */
  readonly address: string;
}

/** Where an endpoint's URL leads, by the transport that goes there. */
export type ParsedEndpoint =
  | { readonly transport: 'http'; readonly target: HttpTarget }
  | SshEndpoint
  | GitDaemonEndpoint
  | LocalEndpoint
  | HelperEndpoint;

/** Port of `git daemon` (git-daemon(1)). */
export const gitDaemonPort = 9418;

const control = /[\u0000-\u001f\u007f]/;
/** Refused in host and user names, as OpenSSH does: they reach a shell through `%h` and `%r` of a ProxyCommand. */
const shellCharacters = /['"`$;&<>|(){}\s]/;
/** `domain\user` is a user name of Windows. */
const misplacedBackslash = { user: /\\$/, host: /\\/ } as const;
const helperPrefix = /^([a-z0-9][a-z0-9+.-]*)::/i;
const schemePrefix = /^([a-z0-9][a-z0-9+.-]*):\/\//i;

function usage(message: string): GitMirrorError {
  return new GitMirrorError('GM_USAGE', message);
}

/**
 * Where `url` leads, by the rules of git-fetch(1), "GIT URLS": `<helper>::<address>`, then `<scheme>://…` (a scheme
 * that is not built in belongs to a remote helper), then the scp form `[user@]host:path` (no slash before the colon),
 * then a local path. Nothing is looked up and nothing is read from disk.
 *
 * Names and paths that a program could take for an option, and control characters, are refused. Throws `GM_USAGE`;
 * the message never repeats credentials.
 */
export function parseEndpoint(url: string): ParsedEndpoint {
  if (url === '') throw usage('A repository URL is empty: give a URL or a path');
  if (control.test(url)) throw usage('A repository URL holds a control character or a line break: remove it');
  const helper = helperPrefix.exec(url)?.[1];
  if (helper !== undefined) return { transport: 'helper', helper, address: url.slice(helper.length + 2) };
  if (url.startsWith('::')) throw usage(`The URL ${url} names no remote helper before the two colons`);
  const scheme = schemePrefix.exec(url)?.[1];
  if (scheme !== undefined) return parseScheme(url, scheme);
  return isLocalPath(url) ? localEndpoint(url) : parseScp(url);
}

function parseScheme(url: string, scheme: string): ParsedEndpoint {
  const afterScheme = url.slice(scheme.length + 3);
  switch (scheme.toLowerCase()) {
    case 'http':
    case 'https':
      return parseHttp(url);
    case 'ssh':
    case 'git+ssh':
    case 'ssh+git': {
      const { authority, path } = splitAuthority(decodePercent(afterScheme), 'ssh');
      return sshEndpoint(authority, path);
    }
    case 'git': {
      const { authority, path } = splitAuthority(decodePercent(afterScheme), 'git');
      return gitDaemonEndpoint(authority, path);
    }
    case 'file':
      return localEndpoint(fileUrlPath(decodePercent(afterScheme)));
    default:
      return { transport: 'helper', helper: scheme, address: url };
  }
}

function parseHttp(text: string): ParsedEndpoint {
  // The parser's own error repeats the URL with its password, so it is not kept as a cause.
  const url = URL.parse(text);
  if (url === null) throw usage('The HTTP URL of a repository is malformed: check its host, port and percent signs');
  const username = decodeUserinfo(url.username);
  const password = decodeUserinfo(url.password);
  url.username = '';
  url.password = '';
  url.hash = '';
  return {
    transport: 'http',
    target: { url, ...(username === '' ? {} : { username }), ...(password === '' ? {} : { password }) },
  };
}

/** A line break in a user name would let a URL write further lines into the credential protocol (CVE-2020-5260). */
function decodeUserinfo(encoded: string): string {
  const decoded = decodePercent(encoded);
  if (control.test(decoded)) throw usage('The credentials in a repository URL hold a control character: remove it');
  return decoded;
}

function splitAuthority(rest: string, scheme: 'ssh' | 'git'): { authority: string; path: string } {
  if (control.test(rest)) throw usage(`A ${scheme}:// URL holds a control character or a line break: remove it`);
  const slash = rest.indexOf('/');
  if (slash < 0) throw usage(`A ${scheme}:// URL names no path: write ${scheme}://host/path`);
  const path = rest.slice(slash);
  return { authority: rest.slice(0, slash), path: path.startsWith('/~') ? path.slice(1) : path };
}

function parseScp(url: string): SshEndpoint {
  const bracket = /^(?:[^@[]*@)?\[[^\]]*\]/.exec(url)?.[0] ?? '';
  const colon = url.indexOf(':', bracket.length);
  if (colon < 0) throw usage(`The address ${url} names no path: write host:path`);
  const path = url.slice(colon + 1);
  return sshEndpoint(url.slice(0, colon), path.startsWith('/~') ? path.slice(1) : path);
}

function sshEndpoint(authority: string, path: string): SshEndpoint {
  const at = authority.lastIndexOf('@');
  const user = at < 0 ? undefined : authority.slice(0, at);
  const { host, port } = splitPort(authority.slice(at + 1));
  if (user?.includes(':') === true) {
    throw usage('An ssh URL holds a password, which ssh does not take: remove it and use a key');
  }
  for (const [what, text] of [['user', user] as const, ['host', host] as const]) {
    if (text === undefined) continue;
    if (text === '') throw usage(`An ssh URL has an empty ${what} name`);
    if (text.startsWith('-')) throw usage(`The ${what} name ${text} of an ssh URL looks like an option: refused`);
    if (shellCharacters.test(text) || misplacedBackslash[what].test(text)) {
      throw usage(`The ${what} name ${text} of an ssh URL holds a character of the shell`);
    }
  }
  if (path === '' || path === '/') throw usage(`The ssh URL for ${host} names no path`);
  if (path.startsWith('-')) throw usage(`The path ${path} on ${host} looks like an option: write ./${path}`);
  return {
    transport: 'ssh',
    ...(user === undefined ? {} : { user }),
    host,
    ...(port === undefined ? {} : { port }),
    path,
  };
}

function gitDaemonEndpoint(authority: string, path: string): GitDaemonEndpoint {
  if (authority.includes('@'))
    throw usage('A git:// URL holds a user name, which the protocol cannot carry: remove it');
  const { host, port } = splitPort(authority);
  if (host === '') throw usage('A git:// URL has an empty host name');
  if (host.startsWith('-')) throw usage(`The host name ${host} of a git:// URL looks like an option: refused`);
  if (shellCharacters.test(host))
    throw usage(`The host name ${host} of a git:// URL holds a character no host name has`);
  return { transport: 'git', host, port: port ?? gitDaemonPort, path };
}

/** Host and port of `host`, `host:port`, `[v6]`, `[v6]:port` and `[host:port]`. A bare IPv6 address has no port. */
function splitPort(text: string): { host: string; port?: number } {
  const bracketed = /^\[([^\]]*)\](?::(\d*))?$/.exec(text);
  if (bracketed !== null) {
    const [, inside = '', port = ''] = bracketed;
    if (port !== '') return { host: inside, port: portNumber(port) };
    return inside.split(':').length === 2 ? splitPort(inside) : { host: inside };
  }
  const [host = '', port, ...more] = text.split(':');
  if (more.length > 0 || port === undefined) return { host: text };
  return port === '' ? { host } : { host, port: portNumber(port) };
}

function portNumber(digits: string): number {
  const port = Number(digits);
  if (!/^\d{1,5}$/.test(digits) || port > 65_535)
    throw usage(`The port of a repository URL is no port number: ${digits}`);
  return port;
}

function localEndpoint(path: string): LocalEndpoint {
  if (path === '') throw usage('A file:// URL names no path');
  if (control.test(path)) throw usage('A local path holds a control character or a line break');
  if (path.startsWith('-')) throw usage(`The path ${path} looks like an option: write ./${path}`);
  return { transport: 'local', path };
}

/** The path of a file URL. A host is ignored, as Git does; `file://C:/x` keeps its drive on Windows. */
function fileUrlPath(rest: string): string {
  if (hasDrive(rest)) return rest;
  const slash = rest.indexOf('/');
  return slash < 0 ? '' : rest.slice(slash);
}

function isLocalPath(url: string): boolean {
  const colon = url.indexOf(':');
  const slash = url.indexOf('/');
  return colon < 0 || (slash >= 0 && slash < colon) || hasDrive(url);
}

function hasDrive(text: string): boolean {
  return process.platform === 'win32' && /^[a-z]:/i.test(text);
}

/** Percent-decoding as Git's: a malformed escape and `%00` stay as they are. */
function decodePercent(text: string): string {
  if (!text.includes('%')) return text;
  const bytes: number[] = [];
  const source = Buffer.from(text, 'utf8');
  for (let index = 0; index < source.length; index += 1) {
    const byte = source[index] ?? 0;
    const digits = source.toString('latin1', index + 1, index + 3);
    const isEscape = byte === 0x25 && /^[0-9a-f]{2}$/i.test(digits) && digits !== '00';
    bytes.push(isEscape ? Number.parseInt(digits, 16) : byte);
    if (isEscape) index += 2;
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(bytes));
  } catch {
    throw usage('A repository URL does not decode to UTF-8: give the path in UTF-8');
  }
}
