import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isGitMirrorError } from '../core/error.ts';
import { parseEndpoint, type ParsedEndpoint } from './parse-endpoint.ts';

const ssh = (host: string, path: string, more: { user?: string; port?: number } = {}): ParsedEndpoint => ({
  transport: 'ssh',
  host,
  path,
  ...more,
});

const accepted: readonly (readonly [string, ParsedEndpoint])[] = [
  ['host:path', ssh('host', 'path')],
  ['git@host:group/x.git', ssh('host', 'group/x.git', { user: 'git' })],
  ['host:/abs/x', ssh('host', '/abs/x')],
  ['host:~user/x', ssh('host', '~user/x')],
  ['host:/~user/x', ssh('host', '~user/x')],
  ['[::1]:x', ssh('::1', 'x')],
  ['user@[::1]:x', ssh('::1', 'x', { user: 'user' })],
  ['[host:2222]:x', ssh('host', 'x', { port: 2222 })],
  ['user@[host:2222]:x', ssh('host', 'x', { user: 'user', port: 2222 })],
  ['ssh://host/x', ssh('host', '/x')],
  ['ssh://user@host:2222/x.git', ssh('host', '/x.git', { user: 'user', port: 2222 })],
  ['ssh://user@[::1]:2222/x', ssh('::1', '/x', { user: 'user', port: 2222 })],
  ['ssh://[fe80::1%25eth0]/x', ssh('fe80::1%eth0', '/x')],
  ['ssh://host:/x', ssh('host', '/x')],
  ['ssh://host/~user/x', ssh('host', '~user/x')],
  ['ssh://host/~/x', ssh('host', '~/x')],
  ['ssh://host/a%20b%2Fc', ssh('host', '/a b/c')],
  ['ssh://corp%5Cme@host/x', ssh('host', '/x', { user: 'corp\\me' })],
  ['git+ssh://host/x', ssh('host', '/x')],
  ['ssh+git://host/x', ssh('host', '/x')],
  ['git://host/x', { transport: 'git', host: 'host', port: 9418, path: '/x' }],
  ['git://[::1]:9419/x', { transport: 'git', host: '::1', port: 9419, path: '/x' }],
  ['git://host/~user/x', { transport: 'git', host: 'host', port: 9418, path: '~user/x' }],
  ['/srv/x.git', { transport: 'local', path: '/srv/x.git' }],
  ['./a:b', { transport: 'local', path: './a:b' }],
  ['x.git', { transport: 'local', path: 'x.git' }],
  ['/a b/%20', { transport: 'local', path: '/a b/%20' }],
  ['file:///srv/a%20b', { transport: 'local', path: '/srv/a b' }],
  ['file://localhost/srv/x', { transport: 'local', path: '/srv/x' }],
  ['file:///srv/100%', { transport: 'local', path: '/srv/100%' }],
  ['file:///srv/%00', { transport: 'local', path: '/srv/%00' }],
  ['ext::sh -c true', { transport: 'helper', helper: 'ext', address: 'sh -c true' }],
  ['http::http://host/x', { transport: 'helper', helper: 'http', address: 'http://host/x' }],
  ['a+b.c-d::', { transport: 'helper', helper: 'a+b.c-d', address: '' }],
  ['ftp://host/x', { transport: 'helper', helper: 'ftp', address: 'ftp://host/x' }],
  ['mirror://host/x', { transport: 'helper', helper: 'mirror', address: 'mirror://host/x' }],
];

const refused: readonly (readonly [string, RegExp])[] = [
  ['', /empty/],
  ['::x', /helper/],
  ['host:', /no path/],
  ['ssh://host', /no path/],
  ['ssh://host/', /no path/],
  ['git://host', /no path/],
  ['ssh:///x', /empty host/],
  ['ssh://@host/x', /empty user/],
  ['ssh://-oProxyCommand=evil/x', /looks like an option/],
  ['ssh://-oProxyCommand=evil@host/x', /looks like an option/],
  ['ssh://%2DoProxyCommand=evil/x', /looks like an option/],
  ['ssh://[-oProxyCommand=evil]/x', /looks like an option/],
  ['-oProxyCommand=evil:x', /looks like an option/],
  ['user@-host:x', /looks like an option/],
  ['[-oProxyCommand=evil:22]:x', /looks like an option/],
  ['host:-x', /looks like an option/],
  ['git://-host/x', /looks like an option/],
  ['-x', /looks like an option/],
  ['file://-x', /no path/],
  ['ssh://`id`/x', /shell/],
  ['$(id)@host:x', /shell/],
  ['ssh://ho%20st/x', /shell/],
  ['ssh://ho%5Cst/x', /shell/],
  ['ssh://user%5C@host/x', /shell/],
  ['ssh://host%0a/x', /control/],
  ['ssh://host/x%0ay', /control/],
  ['git://host/x%0ahost=evil', /control/],
  ['git://host/x\0host=evil', /control/],
  ['file:///x%0a', /control/],
  ['/x\ny', /control/],
  ['https://host/x\ny', /control/],
  ['https://user%0ahost=evil@host/x', /control/],
  ['https://user:a%0d@host/x', /control/],
  ['ssh://host:abc/x', /port/],
  ['ssh://host:70000/x', /port/],
  ['git://host:70000/x', /port/],
  ['git://user@host/x', /user name/],
  ['https://host:port/x', /malformed/],
  ['https:///', /malformed/],
  ['ssh://host/%ff', /UTF-8/],
];

describe('parseEndpoint', () => {
  it.each(accepted)('reads %s', (url, expected) => {
    expect(parseEndpoint(url)).toEqual(expected);
  });

  it.each(refused)('refuses %j', (url, reason) => {
    expect(() => parseEndpoint(url)).toThrow(expect.objectContaining({ code: 'GM_USAGE' }) as Error);
    expect(() => parseEndpoint(url)).toThrow(reason);
  });

  it('takes the credentials out of an http URL', () => {
    const parsed = parseEndpoint('https://me%40corp:p%40ss@host:8443/x.git?y=1#frag');
    expect(parsed).toMatchObject({ transport: 'http', target: { username: 'me@corp', password: 'p@ss' } });
    if (parsed.transport !== 'http') throw new Error('no http');
    expect(parsed.target.url.href).toBe('https://host:8443/x.git?y=1');
  });

  it.each([
    'https://u:hunter2@host:port/x',
    'ssh://u:hunter2@host/x',
    'git://u:hunter2@host/x',
    'https://u:hunter2%0a@h/',
  ])('does not repeat the password of %s', (url) => {
    expect(() => parseEndpoint(url)).toThrow(/^(?!.*hunter2)/s);
  });

  // Git prints how it reads a URL, which makes it the oracle for all that is not http.
  it.each([
    ...accepted.map(([url]) => url),
    'ssh://u@host:22/a/b',
    'ho.st:a:b',
    'ssh://host/x:y',
    'h:a@b:c',
    'file:///x',
  ])('reads %s as git does', (url) => {
    const parsed = parseEndpoint(url);
    if (parsed.transport === 'http' || parsed.transport === 'helper') return;
    expect(fieldsOf(parsed)).toEqual(diagnosis(url));
  });

  it('throws nothing but GM_USAGE, whatever it is given', () => {
    const part = fc.constantFrom(
      'ssh://',
      'git://',
      'file://',
      'http://',
      'a',
      '@',
      ':',
      '/',
      '[',
      ']',
      '%',
      '%2d',
      '-',
      '::',
      '~',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(part, { maxLength: 12 }).map((parts) => parts.join('')),
          fc.string(),
        ),
        (url) => {
          try {
            const parsed = parseEndpoint(url);
            if (parsed.transport === 'ssh') {
              expect([parsed.host, parsed.user ?? 'x', parsed.path].every((text) => !text.startsWith('-'))).toBe(true);
            }
          } catch (error) {
            expect(isGitMirrorError(error, 'GM_USAGE')).toBe(true);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});

function fieldsOf(parsed: Exclude<ParsedEndpoint, { transport: 'http' | 'helper' }>): Record<string, string> {
  switch (parsed.transport) {
    case 'local':
      return { protocol: 'file', path: parsed.path };
    case 'git':
      return { protocol: 'git', path: parsed.path };
    case 'ssh':
      return {
        protocol: 'ssh',
        userandhost: parsed.user === undefined ? parsed.host : `${parsed.user}@${parsed.host}`,
        port: String(parsed.port ?? 'NONE'),
        path: parsed.path,
      };
  }
}

function diagnosis(url: string): Record<string, string> {
  const printed = execFileSync('git', ['fetch-pack', '--diag-url', url], { encoding: 'utf8' });
  const lines = printed.matchAll(/^Diag: (protocol|userandhost|port|path)=(.*)$/gm);
  return Object.fromEntries([...lines].map(([, key = '', value = '']) => [key, value]));
}
