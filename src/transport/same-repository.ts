import { resolve } from 'node:path';
import { realRepositoryPath } from './local-repository.ts';
import { parseEndpoint } from './parse-endpoint.ts';

/**
 * Whether two URLs are known to name the same repository: same transport, host (case aside), port (defaults filled in)
 * and path (trailing slashes aside); on this machine the same real path. False means "not known": servers may serve one
 * repository under several names, with and without `.git` among them. Throws `GM_USAGE` for a malformed URL.
 */
export async function sameRepository(left: string, right: string): Promise<boolean> {
  return (await identityOf(left)) === (await identityOf(right));
}

async function identityOf(url: string): Promise<string> {
  const parsed = parseEndpoint(url);
  switch (parsed.transport) {
    case 'http': {
      const { protocol, host, pathname, search } = parsed.target.url;
      return JSON.stringify([protocol, host, withoutTrailingSlash(pathname), search]);
    }
    case 'ssh':
      return JSON.stringify([
        'ssh',
        parsed.user,
        parsed.host.toLowerCase(),
        parsed.port ?? 22,
        withoutTrailingSlash(parsed.path),
      ]);
    case 'git':
      return JSON.stringify(['git', parsed.host.toLowerCase(), parsed.port, withoutTrailingSlash(parsed.path)]);
    case 'local':
      return JSON.stringify(['file', (await realRepositoryPath(parsed.path)) ?? resolve(parsed.path)]);
    case 'helper':
      return JSON.stringify(['helper', parsed.helper, withoutTrailingSlash(parsed.address)]);
  }
}

function withoutTrailingSlash(path: string): string {
  return path.replace(/\/+$/, '');
}
