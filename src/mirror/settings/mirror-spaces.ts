import { createHash } from 'node:crypto';
import { comparableUrl } from '../../wire/mirrors/comparable-url.ts';
import { mirrorAddress } from './mirror-url.ts';

/** Digits of a hash that are put behind a name until it is like no other: none, and more and more of them. */
const hashLengths = [0, 8, 16, 64] as const;
/** Longest part of a host in a name. File systems take components of 255 bytes. */
const maxHostLength = 160;

/**
 * What the refs of each mirror are kept under, `refs/mirror/<space>/`: its host, with `_<port>` when that is not the
 * default, and with `-<8 digits of the SHA-256 of the URL>` when another mirror would have the same. One component of a
 * ref name (git-check-ref-format(1)), in lower case, whatever the URL. URLs that lead to the same place share one.
 *
 * @param urls - all mirrors of the repository, checked by `parseMirrorUrl`
 * @returns by URL as given
 */
export function mirrorSpaces(urls: readonly string[]): ReadonlyMap<string, string> {
  const byIdentity = new Map(urls.map((url) => [comparableUrl(url), url]));
  const names = new Map<string, string>();
  const taken = new Set<string>();
  let left = [...byIdentity.keys()];
  for (const length of hashLengths) {
    const named = left.map((identity) => ({
      identity,
      name: nameOf(byIdentity.get(identity) ?? '', identity, length),
    }));
    const counts = new Map<string, number>();
    for (const { name } of named) counts.set(name, (counts.get(name) ?? 0) + 1);
    left = [];
    for (const { identity, name } of named) {
      if (counts.get(name) === 1 && !taken.has(name)) names.set(identity, name);
      else left.push(identity);
    }
    for (const { name } of named) taken.add(name);
  }
  return new Map(urls.map((url) => [url, names.get(comparableUrl(url)) ?? '']));
}

function nameOf(url: string, identity: string, hashLength: number): string {
  const { host, port } = mirrorAddress(url);
  const plain = host === '' ? 'local' : host.startsWith('[') ? `ip6-${host.slice(1, -1).replaceAll(':', '-')}` : host;
  const isCut = plain.length > maxHostLength;
  const withPort = plain.slice(0, maxHostLength) + (port === undefined ? '' : `_${String(port)}`);
  if (hashLength === 0 && !isCut) return withPort;
  const hash = createHash('sha256').update(identity).digest('hex');
  return `${withPort}-${hash.slice(0, Math.max(8, hashLength))}`;
}
