import { parseEndpoint } from '../../transport/parse-endpoint.ts';

/** `url` without user name and password where it is one of HTTP: whoever is asked for mirrors need not know who asks. */
export function anonymousUrl(url: string): string {
  const parsed = parseEndpoint(url);
  return parsed.transport === 'http' ? parsed.target.url.href : url;
}
