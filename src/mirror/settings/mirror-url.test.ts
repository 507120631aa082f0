import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { isGitMirrorError } from '../../core/error.ts';
import { comparableUrl } from '../../wire/mirrors/comparable-url.ts';
import { runGit } from '../../../test/repositories/run-git.ts';
import { mirrorSpaces } from './mirror-spaces.ts';
import { parseMirrorUrl, type MirrorSource } from './mirror-url.ts';

function refusal(text: string, source: MirrorSource): string {
  try {
    parseMirrorUrl(text, source);
  } catch (error) {
    if (isGitMirrorError(error, 'GM_USAGE')) return error.message;
    throw error;
  }
  return '';
}

describe('parseMirrorUrl', () => {
  it.each([
    'https://eu.example/app.git',
    'http://h:8080/x',
    'git://h/x',
    'ssh://h/srv/x.git',
    'https://[2001:db8::1]:8443/x',
  ])('M4: takes %s from anybody', (url) => {
    expect(parseMirrorUrl(url, 'network')).toEqual({ url, scheme: /^[a-z]+/.exec(url)?.[0], isUsers: false });
    expect(parseMirrorUrl(url, 'user').isUsers).toBe(true);
  });

  it.each([
    ['git@h:app.git', 'ssh'],
    ['h:app.git', 'ssh'],
    ['ssh://git@h:2222/app.git', 'ssh'],
    ['https://me@h/app.git', 'https'],
    ['/srv/app.git', 'file'],
    ['file:///srv/app.git', 'file'],
  ])('takes %s from a person, not from the network', (url, scheme) => {
    expect(parseMirrorUrl(url, 'user')).toEqual({ url, scheme, isUsers: true });
    expect(refusal(url, 'network')).toContain('is refused');
  });

  it.each([
    '',
    'ext::sh -c date',
    'ext::date',
    'ext::sh%20-c%20date',
    'fd::7',
    'mirror::https://h/x',
    'foo://h/x',
    'ftp://h/x',
    '--upload-pack=date',
    '-u',
    'https://h/x\n',
    'https://h/x y',
    'https://h/\u0000',
    'https://h/\u001b[2J',
    'https://h/\u202e',
    'https://h/\ud800',
    `https://h/${'x'.repeat(2048)}`,
    'https://',
    'https:///x',
    'https://me:secret@h/x',
    'ssh://me:secret@h/x',
    'ssh://-oProxyCommand=date/x',
    'git@-oProxyCommand=date:x',
    'h:-x',
    'git://h%0d%0ahost=evil/x',
    'git://h/%0a',
    'https://..',
    'https://../x',
    'ssh://../x',
    'git://a..b/x',
    'git://@{/x',
    'git://@{-1}/x',
    'git://x.lock/x',
    'https://x.lock/x',
    'ssh://.h/x',
    'git://h?y/x',
    'https://good.example\\@evil.example/x',
    'git://a b/x',
    'relative/path.git',
    './x.git',
    'https://h:99999/x',
  ])('refuses %j from anybody', (text) => {
    expect(refusal(text, 'user')).not.toBe('');
    expect(refusal(text, 'network')).not.toBe('');
    expect(refusal(text, 'user')).not.toContain('secret');
  });

  it('makes the names of hosts ASCII', () => {
    expect(parseMirrorUrl('https://b\u00fccher.example/x', 'network').url).toBe('https://xn--bcher-kva.example/x');
    expect(refusal('git://h/\u00fc', 'network')).toContain('not ASCII');
  });

  it('never throws anything but GM_USAGE', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.webUrl({ validSchemes: ['https', 'http', 'git', 'ssh', 'ext'] }),
    );
    fc.assert(
      fc.property(text, fc.constantFrom<MirrorSource>('user', 'network'), (url, source) => {
        refusal(url, source);
      }),
    );
  });

  it('takes nothing from the network that is not one plain URL', () => {
    const text = fc.tuple(fc.constantFrom('https://', 'ssh://', 'git://', 'ext::', ''), fc.string({ unit: 'binary' }));
    fc.assert(
      fc.property(text, ([scheme, rest]) => {
        const given = scheme + rest;
        if (refusal(given, 'network') === '') {
          expect(parseMirrorUrl(given, 'network').url).toMatch(/^(?:https|ssh|git):\/\/[^\s/@][!-~]*$/);
        }
      }),
    );
  });
});

describe('mirrorSpaces', () => {
  it('M1: is the host, and the port when it is not the usual one', () => {
    const urls = [
      'https://EU.example/x',
      'http://h:8080/x',
      'git://h:9418/y',
      'https://[2001:db8::1]:8443/x',
      '/srv/x.git',
    ];
    expect([...mirrorSpaces(urls).values()]).toEqual(['eu.example', 'h_8080', 'h', 'ip6-2001-db8--1_8443', 'local']);
  });

  it('M1: keeps two mirrors of one host apart, and the same one together', () => {
    const [one, two, again] = mirrorSpaces(['https://h/one', 'https://h/two', 'https://h/one.git']).values();
    expect(one).toMatch(/^h-[0-9a-f]{8}$/);
    expect(two).toMatch(/^h-[0-9a-f]{8}$/);
    expect(two).not.toBe(one);
    expect(again).toBe(one);
  });

  it('does not let a host take the name of another mirror', () => {
    const [space = ''] = mirrorSpaces(['https://h/one', 'https://h/two']).values();
    const names = [...mirrorSpaces(['https://h/one', 'https://h/two', `https://${space}/x`]).values()];
    expect(new Set(names).size).toBe(3);
  });

  it('M1: is one component of a ref name by the rules of git itself, for any URL that is taken', async () => {
    const host = fc.oneof(
      fc.domain(),
      fc.ipV4Extended(),
      fc.ipV6().map((address) => `[${address}]`),
      fc.string({ minLength: 1, maxLength: 12 }),
      fc.constantFrom(
        '..',
        'a..b',
        '@{',
        'x.lock',
        'X.LOCK',
        '.x',
        'x.',
        '-x',
        '~',
        '^',
        'a:b',
        '*',
        '\\',
        'b\u00fccher.de',
      ),
    );
    const url = fc
      .tuple(
        fc.constantFrom('https://', 'http://', 'git://', 'ssh://', 'ssh://git@'),
        host,
        fc.constantFrom('', ':22', ':8080'),
      )
      .map(([scheme, name, port]) => `${scheme}${name}${port}/x.git`)
      .filter((text) => refusal(text, 'user') === '');
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(url, { minLength: 1, maxLength: 6 }), async (urls) => {
        const spaces = mirrorSpaces(urls);
        expect(new Set(spaces.values()).size).toBe(new Set(urls.map(comparableUrl)).size);
        for (const space of spaces.values()) {
          expect(space).toMatch(/^[a-z0-9._-]{1,255}$/);
          await runGit(['check-ref-format', `refs/mirror/${space}/heads/main`]);
        }
      }),
      { numRuns: 40 },
    );
  });
});
