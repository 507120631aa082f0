import { GitMirrorError } from '../../core/error.ts';
import { assertPlainCredential, basicAuthorization } from './authorization.ts';
import { isProxyExempt } from './no-proxy.ts';

/** The proxy that requests to one origin go through. */
export interface ProxySettings {
  /** `http` or `https` URL of the proxy without userinfo. */
  readonly url: string;
  /** Value of `Proxy-Authorization`, made of the URL's userinfo. */
  readonly authorization?: string;
}

/**
 * The proxy that the environment names for `url`, by curl's rules: `http_proxy` for http (lower case only, since CGI
 * sets `HTTP_PROXY` from a request header), `https_proxy` or `HTTPS_PROXY` for https, otherwise `all_proxy` or
 * `ALL_PROXY`; none for hosts in `no_proxy` or `NO_PROXY`. A proxy without a scheme is an http one.
 *
 * Throws `GM_USAGE` naming the variable, never its value, when it holds no usable proxy URL.
 */
export function proxyFor(url: URL, env: Readonly<NodeJS.ProcessEnv>): ProxySettings | undefined {
  const isTls = url.protocol === 'https:';
  const names = [...(isTls ? ['https_proxy', 'HTTPS_PROXY'] : ['http_proxy']), 'all_proxy', 'ALL_PROXY'];
  const variable = names.find((name) => (env[name] ?? '') !== '');
  if (variable === undefined) return undefined;
  const port = url.port === '' ? (isTls ? 443 : 80) : Number(url.port);
  if (isProxyExempt(env['no_proxy'] ?? env['NO_PROXY'], url.hostname, port)) return undefined;
  return decodeProxyUrl(env[variable] ?? '', variable);
}

function decodeProxyUrl(text: string, variable: string): ProxySettings {
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`);
  const refuse = (what: string): GitMirrorError =>
    new GitMirrorError('GM_USAGE', `The environment variable ${variable} ${what}`, { details: { variable } });
  if (url === null || url.hostname === '') throw refuse('holds no URL of a proxy: write http://host:port');
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw refuse(`names a proxy of the kind ${url.protocol.slice(0, -1)}; only http and https proxies are supported`);
  }
  const settings = { url: `${url.protocol}//${url.host}` };
  if (url.username === '' && url.password === '') return settings;
  const username = decodeUserinfo(url.username);
  const password = decodeUserinfo(url.password);
  if (username === undefined || password === undefined) throw refuse('holds a malformed percent sign in its userinfo');
  assertPlainCredential(username, `user name in ${variable}`);
  assertPlainCredential(password, `password in ${variable}`);
  return { ...settings, authorization: basicAuthorization(username, password) };
}

function decodeUserinfo(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
