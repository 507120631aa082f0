import { splitGitProtocol } from '../../wire/mirrors/git-protocol-keys.ts';
import type { SteerRequest } from './mirror-service.ts';

/**
 * Headers that say nothing of who asks: what git and libcurl send by themselves, and what proxies add on the way. Clients
 * repeat their own headers to whomever they are redirected to, so with any other one the request is answered here: it may be
 * a credential (`http.extraHeader`), or say that a proxy has checked one (a client certificate, a session).
 */
const impersonalHeaders = new Set([
  'accept',
  'accept-charset',
  'accept-encoding',
  'accept-language',
  'cache-control',
  'connection',
  'content-length',
  'forwarded',
  'git-protocol',
  'host',
  'keep-alive',
  'pragma',
  'te',
  'traceparent',
  'tracestate',
  'user-agent',
  'via',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-forwarded-server',
  'x-real-ip',
  'x-request-id',
]);

/** `open`: it may go elsewhere. `declined`: the client wants this server's own answer. `personal`: see above. */
export type SteeringStanding = 'open' | 'declined' | 'personal';

/**
 * What a request says of being sent to a mirror. A client declines with the header `Git-Mirror: direct` or the key
 * `mirror=direct` of `Git-Protocol`; one that asks for the list of mirrors (`mirror`, `url=…`), or is of ours,
 * chooses by itself.
 */
export function steeringStanding({ headers, gitProtocol }: SteerRequest): SteeringStanding {
  const wishes = (headers.get('git-mirror') ?? '').toLowerCase().split(',');
  const keys = splitGitProtocol(gitProtocol);
  const isDeclined =
    // Our own clients and nodes.
    headers.get('user-agent')?.startsWith('git-mirror/') === true ||
    wishes.some((wish) => wish.trim() === 'direct') ||
    keys.some((key) => key === 'mirror=direct' || key === 'mirror' || key.startsWith('url='));
  if (isDeclined) return 'declined';
  for (const name of headers.keys()) if (!impersonalHeaders.has(name)) return 'personal';
  return 'open';
}

/**
 * Whether the client has, or may have, come by https, and so may not be sent to http. Behind a proxy that does not say how
 * the client came, nobody knows.
 */
export function needsHttps({ repository, headers }: SteerRequest): boolean {
  if (repository.url === undefined || !/^http:/i.test(repository.url)) return true;
  const said = [headers.get('x-forwarded-proto') ?? '', ...protocolsOf(headers.get('forwarded') ?? '')].join(',');
  const protocols = said
    .split(',')
    .map((text) => text.trim().toLowerCase())
    .filter((text) => text !== '');
  if (protocols.some((protocol) => protocol !== 'http')) return true;
  const isProxied = ['forwarded', 'via', 'x-forwarded-for', 'x-real-ip'].some((name) => headers.has(name));
  return isProxied && protocols.length === 0;
}

/** `proto=` of RFC 7239. */
function protocolsOf(forwarded: string): readonly string[] {
  return Array.from(forwarded.matchAll(/\bproto="?([a-z][a-z0-9+.-]*)/gi), ([, protocol = '']) => protocol);
}
