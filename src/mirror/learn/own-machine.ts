import { BlockList, isIP } from 'node:net';
import { mirrorAddress } from '../settings/mirror-url.ts';

/** This machine, its links, and what cloud machines find their secrets at. */
const own = new BlockList();
for (const [network, bits] of [
  ['0.0.0.0', 8],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
] as const) {
  own.addSubnet(network, bits, 'ipv4');
}
own.addSubnet('::', 127, 'ipv6');
own.addSubnet('fe80::', 10, 'ipv6');

/**
 * Whether the host of `url` is this machine or its link by its very name or address, or the URL is a path. A name that leads
 * there by DNS is not seen.
 */
export function isOnOwnMachine(url: string): boolean {
  const { scheme, host } = mirrorAddress(url);
  const address = host.replace(/^\[(.*)\]$/, '$1');
  if (isIP(address) === 4) return own.check(address, 'ipv4');
  // An IPv4 address inside of an IPv6 one is found as well.
  if (isIP(address) === 6) return own.check(address, 'ipv6');
  return scheme === 'file' || host === 'localhost' || host.endsWith('.localhost');
}
