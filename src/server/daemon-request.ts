import { GitMirrorError } from '../core/error.ts';
import { printableText } from '../wire/printable-text.ts';
import { plainGitProtocol } from './git-protocol.ts';

/** What a client of git:// asks for (gitprotocol-pack, "Git Transport"). */
export interface DaemonRequest {
  readonly service: string;
  /** As sent. Not checked. */
  readonly path: string;
  /** Extra parameters joined by colons, as `GIT_PROTOCOL` has them; empty without any. */
  readonly gitProtocol: string;
}

/**
 * The payload of the first packet: `service SP path`, then behind NUL `host=…`, then behind another one the extra
 * parameters. Throws `GM_PROTOCOL` for what is none.
 */
export function decodeDaemonRequest(payload: Uint8Array): DaemonRequest {
  const text = Buffer.from(payload).toString('utf8');
  const [first = '', host, ...extra] = text.split('\0');
  const [, service, path] = /^(git-[a-z-]+) ([^\n]*)\n?$/.exec(first) ?? [];
  if (service === undefined || path === undefined || (host !== undefined && !/^(?:host=.*)?$/i.test(host))) {
    throw new GitMirrorError('GM_PROTOCOL', `This is no request of git://: "${printableText(first, 100)}"`);
  }
  return { service, path, gitProtocol: plainGitProtocol(extra.filter((part) => part !== '').join(':')) };
}

/** The name behind a path of git://, for a `RepositoryLookup`; undefined for a path that no repository has. */
export function nameOfDaemonPath(path: string): string | undefined {
  if (!path.startsWith('/')) return undefined;
  const parts = path.slice(1).replace(/\/+$/, '').split('/');
  if (parts.length === 1 && parts[0] === '') return '';
  const isPlain = parts.every(
    (part, index) =>
      part !== '' &&
      !/[\u0000-\u001f\u007f\\]/.test(part) &&
      (!part.startsWith('.') || (part === '.git' && index === parts.length - 1)),
  );
  return isPlain ? parts.join('/') : undefined;
}
