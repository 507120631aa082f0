import { BlockList, isIP, isIPv4 } from 'node:net';
import { plainAddress } from './caller-address.ts';

/** Networks that lie behind no public host (IANA's registries of special-purpose addresses). */
const internalV4: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];
/** Of IPv6 only 2000::/3 is public; of that, these are not, or hold an address of IPv4 that nobody would have checked. */
const internalV6: readonly (readonly [string, number])[] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
];

const internal = new BlockList();
for (const [network, prefix] of internalV4) internal.addSubnet(network, prefix, 'ipv4');
for (const [network, prefix] of internalV6) internal.addSubnet(network, prefix, 'ipv6');
const publicV6 = new BlockList();
publicV6.addSubnet('2000::', 3, 'ipv6');

/** Whether `address` leads to this machine or into some private network, or is no address at all. */
export function isInternalAddress(address: string): boolean {
  const plain = plainAddress(address);
  if (plain === undefined || isIP(plain) === 0) return true;
  if (isIPv4(plain)) return internal.check(plain, 'ipv4');
  return !publicV6.check(plain, 'ipv6') || internal.check(plain, 'ipv6');
}
