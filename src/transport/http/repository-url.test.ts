import { describe, expect, it } from 'vitest';
import { redirectLocation, RepositoryUrl } from './repository-url.ts';

describe('a repository URL', () => {
  it.each([
    ['https://h/x.git', 'https://h/x.git/info/refs?service=git-upload-pack', 'https://h/x.git/git-upload-pack'],
    ['https://h/x.git//#top', 'https://h/x.git/info/refs?service=git-upload-pack', 'https://h/x.git/git-upload-pack'],
    ['https://h', 'https://h/info/refs?service=git-upload-pack', 'https://h/git-upload-pack'],
    // As git builds them, seen with GIT_TRACE_CURL.
    ['https://h/g?r=x', 'https://h/g?r=x/info/refs&service=git-upload-pack', 'https://h/g?r=x/git-upload-pack'],
  ])('%s', (base, infoRefs, service) => {
    const url = new RepositoryUrl(new URL(base));
    expect(url.infoRefs('git-upload-pack')).toBe(infoRefs);
    expect(url.service('git-upload-pack')).toBe(service);
    expect(url.movedTo(infoRefs, 'git-upload-pack')?.base).toBe(url.base);
  });

  it('moves only to another advertisement of the same service', () => {
    const url = new RepositoryUrl('http://h/x');
    const tail = '/info/refs?service=git-upload-pack';
    expect(url.movedTo(`https://other/y.git${tail}`, 'git-upload-pack')?.base).toBe('https://other/y.git');
    expect(url.movedTo(`https://other/y.git${tail}&x=1`, 'git-upload-pack')).toBeUndefined();
    expect(url.movedTo('https://other/y.git/info/refs', 'git-upload-pack')).toBeUndefined();
    expect(url.movedTo(`https://other/y.git${tail}`, 'git-receive-pack')).toBeUndefined();
    expect(url.movedByFile('https://other/y.git/HEAD', 'HEAD')?.base).toBe('https://other/y.git');
    expect(url.movedByFile('https://other/login', 'HEAD')).toBeUndefined();
  });

  it('hides the values of a query', () => {
    expect(new RepositoryUrl('http://h/x?token=secret').shown).not.toContain('secret');
  });
});

describe('a redirect', () => {
  it('is relative to where it came from, and brings no userinfo and no fragment', () => {
    expect(redirectLocation('http://h/a/b', '../c')).toBe('http://h/c');
    expect(redirectLocation('http://h/a/b', '//me:pw@other/c#d')).toBe('http://other/c');
    expect(redirectLocation('http://h/a', 'https://h/a')).toBe('https://h/a');
  });

  it.each(['http://h/a', undefined, '', 'ftp://h/a', 'data:,x', 'http://['])(
    'from https to %j is refused',
    (location) => {
      expect(() => redirectLocation('https://h/a', location)).toThrow(expect.objectContaining({ code: 'GM_PROTOCOL' }));
    },
  );
});
