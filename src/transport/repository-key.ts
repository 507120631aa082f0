import { isGitMirrorError } from '../core/error.ts';
import { parseEndpoint, type ParsedEndpoint } from './parse-endpoint.ts';

/** Longest URL that is looked at. */
const maxUrlLength = 2048;
const sshPort = 22;

/**
 * What two URLs of one repository have in common: scheme, host, port and path; user, letter case of the host, ports that go
 * without saying, slashes at the end and `.git` do not count, and the scp form is ssh. Undefined for what is no URL of a
 * repository elsewhere: paths, remote helpers, text that is malformed.
 */
export function repositoryKey(url: string): string | undefined {
  if (url.length > maxUrlLength) return undefined;
  let parsed: ParsedEndpoint;
  try {
    parsed = parseEndpoint(url);
  } catch (error) {
    if (!isGitMirrorError(error)) throw error;
    return undefined;
  }
  switch (parsed.transport) {
    case 'http': {
      const { protocol, host, pathname, search } = parsed.target.url;
      return `${protocol}//${host}${plainPath(pathname)}${search}`;
    }
    case 'ssh':
      return `ssh://${parsed.host.toLowerCase()}:${String(parsed.port ?? sshPort)}${plainPath(parsed.path)}`;
    case 'git':
      return `git://${parsed.host.toLowerCase()}:${String(parsed.port)}${plainPath(parsed.path)}`;
    case 'local':
    case 'helper':
      return undefined;
  }
}

function plainPath(path: string): string {
  const plain = path.replace(/\/+$/, '').replace(/\.git$/, '');
  return plain.startsWith('/') ? plain : `/${plain}`;
}
