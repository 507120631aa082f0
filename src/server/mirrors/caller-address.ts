import { isIP, isIPv4, SocketAddress, type BlockList } from 'node:net';

/** Values of `X-Forwarded-For` that are looked at, from the right. */
const maxHops = 50;
/** `192.0.2.1:port`, and `[2001:db8::1]` with or without a port; `groups` says which. */
const withPort = /^(?:(?<v4>[\d.]+):\d{1,5}|\[(?<v6>[\da-f:.]+)\](?::\d{1,5})?)$/i;

/**
 * Where a request comes from. Each proxy adds on the right of `X-Forwarded-For` whom it speaks for, so the list is read
 * from there, and only as long as the one who wrote a value is a proxy of ours: what stands further left may be made up by
 * the client. A value that is no address says nothing, nor does anything on its left; empty ones count for nothing.
 *
 * @param remoteAddress - the other end of the connection; undefined when it has none (a socket in the file system)
 * @param forwardedFor - the header, several of them joined with commas
 * @returns the address in its plain form: no zone, IPv4 as such when it came mapped into IPv6. That of the last proxy when
 * nothing better is known
 */
export function callerAddress(
  remoteAddress: string | undefined,
  forwardedFor: string | undefined,
  trustedProxies: BlockList,
): string | undefined {
  let address = plainAddress(remoteAddress ?? '');
  if (address === undefined || forwardedFor === undefined) return address;
  const values = forwardedFor.split(',');
  for (const value of values.slice(-maxHops).reverse()) {
    if (!isListed(address, trustedProxies)) return address;
    const text = value.trim();
    if (text === '') continue;
    const { v4, v6 } = withPort.exec(text)?.groups ?? {};
    const next = plainAddress(v4 ?? v6 ?? text);
    if (next === undefined) return address;
    address = next;
  }
  return address;
}

/** `text` as one address is always written, and IPv4 out of IPv6 that maps it; undefined when it is no address. */
export function plainAddress(text: string): string | undefined {
  const bare = text.replace(/%.*$/s, '');
  const family = isIP(bare);
  if (family === 0) return undefined;
  const { address } = new SocketAddress({ address: bare, family: family === 4 ? 'ipv4' : 'ipv6' });
  const mapped = address.replace(/^::ffff:/i, '');
  return isIPv4(mapped) ? mapped : address;
}

function isListed(address: string, list: BlockList): boolean {
  return list.check(address, isIPv4(address) ? 'ipv4' : 'ipv6');
}
