import { fitsHost } from './host-pattern.ts';
import type { NoticeUrl } from './notice-url.ts';

/**
 * The patterns of `mirror.trustDomain` that a mirror fits: as for `fitsHost`, and with a port (`host:8443`,
 * `*.example.org:443`, `[2001:db8::1]:8443`) for that port alone.
 */
export function fittingPatterns(patterns: readonly string[], { url, host }: NoticeUrl): readonly string[] {
  const { port = '', protocol = '' } = URL.parse(url) ?? {};
  const effectivePort = port === '' ? (protocol === 'https:' ? '443' : '80') : port;
  return patterns.filter((pattern) => {
    const { hostPattern, wantedPort } = split(pattern.trim());
    return (wantedPort === undefined || wantedPort === effectivePort) && fitsHost(hostPattern, host);
  });
}

function split(pattern: string): { readonly hostPattern: string; readonly wantedPort: string | undefined } {
  const [, hostPattern = pattern, port] = /^(\[[^\]]*\]|[^:]*):(\d{1,5})$/.exec(pattern) ?? [];
  return { hostPattern, wantedPort: port === undefined ? undefined : String(Number(port)) };
}
