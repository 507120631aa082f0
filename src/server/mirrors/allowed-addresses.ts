import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { GitMirrorError } from '../../core/error.ts';
import { namesHost } from './host-pattern.ts';
import { isInternalAddress } from './internal-address.ts';

/** An address that may be connected to. */
export interface AllowedAddress {
  readonly address: string;
  readonly family: 4 | 6;
}

/** Resolves a name; `dns.lookup` with all answers. */
export type Resolve = (host: string) => Promise<readonly { readonly address: string; readonly family: number }[]>;

export const systemResolve: Resolve = (host) => lookup(host, { all: true });

/**
 * The addresses of `host`, all of them checked: none may be internal, unless one of `patterns` names this very host. Whoever
 * connects uses these and asks no name server again, which could then say something else.
 *
 * @throws GitMirrorError `GM_FORBIDDEN` for an internal address, `GM_NETWORK` for a name that leads nowhere
 */
export async function allowedAddresses(
  host: string,
  patterns: readonly string[],
  resolve: Resolve = systemResolve,
): Promise<readonly AllowedAddress[]> {
  const found = isIP(host) === 0 ? await resolveName(host, resolve) : [{ address: host, family: isIP(host) }];
  const isNamed = patterns.some((pattern) => namesHost(pattern, host));
  if (!isNamed && found.some(({ address }) => isInternalAddress(address))) {
    throw new GitMirrorError('GM_FORBIDDEN', 'its address is internal, and this server may not be used to reach it');
  }
  return found.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 }));
}

async function resolveName(host: string, resolve: Resolve): ReturnType<Resolve> {
  const found = await resolve(host).catch((error: unknown) => {
    throw new GitMirrorError('GM_NETWORK', 'its host name does not resolve', { cause: error });
  });
  if (found.length === 0) throw new GitMirrorError('GM_NETWORK', 'its host name does not resolve');
  return found;
}
