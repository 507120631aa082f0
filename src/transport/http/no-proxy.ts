import { BlockList, isIP } from 'node:net';

/**
 * Whether `NO_PROXY` exempts a host, by curl's rules: names separated by commas or blanks; a name matches itself and
 * everything below it, with or without a leading dot; `*` alone matches all; addresses match exactly or by a CIDR
 * prefix. A `:port` behind a name or a bracketed address limits the entry to that port.
 */
export function isProxyExempt(noProxy: string | undefined, host: string, port: number): boolean {
  const list = noProxy?.trim() ?? '';
  if (list === '*') return true;
  const name = normalise(host);
  return list
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => entryMatches(entry, name, port));
}

function entryMatches(entry: string, host: string, port: number): boolean {
  const { name, onlyPort } = splitPort(entry.toLowerCase());
  if (onlyPort !== undefined && onlyPort !== port) return false;
  const [address = '', prefix] = name.split('/');
  const family = isIP(address);
  if (isIP(host) !== 0) {
    if (family === 0 || family !== isIP(host)) return false;
    return prefix === undefined ? sameAddress(address, host) : inSubnet(host, address, prefix);
  }
  const suffix = normalise(name.replace(/^\*?\./, ''));
  return suffix !== '' && (host === suffix || host.endsWith(`.${suffix}`));
}

function splitPort(entry: string): { name: string; onlyPort?: number } {
  const bracketed = /^\[([^\]]+)\](?::(\d+))?$/.exec(entry);
  if (bracketed !== null) {
    const [, name = '', port] = bracketed;
    return port === undefined ? { name } : { name, onlyPort: Number(port) };
  }
  const plain = /^([^:]+):(\d+)$/.exec(entry);
  return plain === null ? { name: entry } : { name: plain[1] ?? '', onlyPort: Number(plain[2]) };
}

function normalise(host: string): string {
  return host
    .toLowerCase()
    .replace(/^\[(.+)\]$/, '$1')
    .replace(/\.$/, '');
}

function sameAddress(left: string, right: string): boolean {
  return inSubnet(right, left, isIP(left) === 4 ? '32' : '128');
}

function inSubnet(host: string, network: string, prefix: string): boolean {
  const family = isIP(network) === 4 ? 'ipv4' : 'ipv6';
  const bits = Number(prefix);
  if (!/^\d{1,3}$/.test(prefix) || bits > (family === 'ipv4' ? 32 : 128)) return false;
  const block = new BlockList();
  block.addSubnet(network, bits, family);
  return block.check(host, family);
}
