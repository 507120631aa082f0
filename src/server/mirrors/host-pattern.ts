/** Whether `pattern` is `host` itself: no other host fits it. */
export function namesHost(pattern: string, host: string): boolean {
  return plainHost(pattern) === plainHost(host);
}

/**
 * Whether `host` fits `pattern` (`mirror.notifyHost`, `mirror.trustDomain`): a host, `*.example.org` for every host below
 * that domain, or `*` for all. Case and a dot at the end do not count; addresses are written without brackets or with them.
 */
export function fitsHost(pattern: string, host: string): boolean {
  const plain = plainHost(pattern);
  if (plain === '*') return true;
  return plain.startsWith('*.') ? plainHost(host).endsWith(plain.slice(1)) : namesHost(pattern, host);
}

function plainHost(host: string): string {
  return host
    .trim()
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '');
}
