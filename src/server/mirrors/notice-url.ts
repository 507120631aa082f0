import { parseEndpoint } from '../../transport/parse-endpoint.ts';
import { isGitMirrorError } from '../../core/error.ts';

/** Where a mirror says that it is, as far as the text alone can be checked. */
export interface NoticeUrl {
  /** Without slashes at the end. */
  readonly url: string;
  readonly scheme: 'http' | 'https' | 'git';
  /** Lower case, without brackets. */
  readonly host: string;
}

const maxUrlLength = 2048;

/**
 * Checks a URL that came over the network: http, https or git, plain ASCII, with a host, and without user, query and
 * fragment. A sentence says why it will not do; it repeats nothing of the URL.
 */
export function parseNoticeUrl(text: string): NoticeUrl | { readonly refused: string } {
  if (text.length > maxUrlLength) return { refused: 'the URL is too long' };
  if (!/^[\u0021-\u007e]+$/.test(text)) return { refused: 'the URL holds spaces or characters that no URL has' };
  const [, name, authority, path] = /^([a-z]+):\/\/([^/?#\\]+)(\/[^?#\\]*)?$/i.exec(text) ?? [];
  const scheme = name?.toLowerCase();
  if (scheme !== 'http' && scheme !== 'https' && scheme !== 'git') {
    return { refused: 'the URL must be one of http, https or git, without query and fragment' };
  }
  if (authority === undefined || authority.includes('@')) return { refused: 'the URL must name a host and no user' };
  if (scheme === 'git' && (path ?? '/').replace(/\/+$/, '') === '') return { refused: 'a git:// URL must name a path' };
  const host = hostOf(text);
  if (host === undefined || !/^(?:[a-z0-9_.-]+|[0-9a-f:.]+)$/.test(host)) {
    return { refused: 'the host of the URL is malformed' };
  }
  return { url: text.replace(/\/+$/, ''), scheme, host };
}

function hostOf(text: string): string | undefined {
  try {
    const parsed = parseEndpoint(text);
    const host =
      parsed.transport === 'http' ? parsed.target.url.hostname : parsed.transport === 'git' ? parsed.host : undefined;
    return host?.toLowerCase().replace(/^\[(.*)\]$/, '$1');
  } catch (error) {
    if (!isGitMirrorError(error)) throw error;
    return undefined;
  }
}
