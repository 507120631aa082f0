import type { ConnectOptions } from './connect-options.ts';

/**
 * What asks for the wanted protocol version (git(1), `GIT_PROTOCOL`; gitprotocol-pack, "Extra Parameters"), or
 * undefined for the oldest form. Version 2 has no push, so a receive-pack is asked in the oldest form then.
 */
export function protocolRequest(options: Pick<ConnectOptions, 'protocol' | 'service'>): string | undefined {
  const { protocol, service } = options;
  if (protocol === 0 || (protocol === 2 && service === 'git-receive-pack')) return undefined;
  return `version=${protocol}`;
}
