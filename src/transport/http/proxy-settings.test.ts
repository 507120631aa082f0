import { describe, expect, it } from 'vitest';
import { proxyFor } from './proxy-settings.ts';

const http = new URL('http://example.com/x.git');
const https = new URL('https://example.com/x.git');

describe('the proxy of the environment', () => {
  it('is chosen as curl chooses it', () => {
    expect(proxyFor(http, {})).toBeUndefined();
    expect(proxyFor(http, { http_proxy: 'http://a:1' })?.url).toBe('http://a:1');
    expect(proxyFor(http, { HTTP_PROXY: 'http://a:1' })).toBeUndefined();
    expect(proxyFor(http, { https_proxy: 'http://a:1' })).toBeUndefined();
    expect(proxyFor(https, { http_proxy: 'http://a:1' })).toBeUndefined();
    expect(proxyFor(https, { HTTPS_PROXY: 'http://a:1' })?.url).toBe('http://a:1');
    expect(proxyFor(https, { HTTPS_PROXY: 'http://a:1', https_proxy: 'http://b:1' })?.url).toBe('http://b:1');
    expect(proxyFor(https, { ALL_PROXY: 'http://a:1', all_proxy: 'http://b:1' })?.url).toBe('http://b:1');
    expect(proxyFor(https, { https_proxy: '', ALL_PROXY: 'http://a:1' })?.url).toBe('http://a:1');
  });

  it('may be written without a scheme, with TLS, and with credentials', () => {
    expect(proxyFor(http, { http_proxy: 'proxy.corp:3128' })).toEqual({ url: 'http://proxy.corp:3128' });
    expect(proxyFor(http, { http_proxy: 'https://proxy.corp/' })).toEqual({ url: 'https://proxy.corp' });
    expect(proxyFor(http, { http_proxy: 'me:p%40ss@proxy.corp:3128' })).toEqual({
      url: 'http://proxy.corp:3128',
      authorization: `Basic ${Buffer.from('me:p@ss').toString('base64')}`,
    });
  });

  it('leaves out what no_proxy names, whose empty form hides NO_PROXY', () => {
    const env = { ALL_PROXY: 'http://a:1', NO_PROXY: 'example.com' };
    expect(proxyFor(https, env)).toBeUndefined();
    expect(proxyFor(https, { ...env, no_proxy: '' })?.url).toBe('http://a:1');
    expect(proxyFor(https, { ...env, NO_PROXY: 'example.com:80' })?.url).toBe('http://a:1');
    expect(proxyFor(http, { ...env, NO_PROXY: 'example.com:80' })).toBeUndefined();
  });

  it.each(['socks5://a:1', 'http://', 'http://me:%zz@a:1', 'http://me%0a:x@a:1', 'ftp://a'])(
    'is refused as %j',
    (value) => {
      expect(() => proxyFor(http, { http_proxy: value })).toThrow(expect.objectContaining({ code: 'GM_USAGE' }));
    },
  );
});
