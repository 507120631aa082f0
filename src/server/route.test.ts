import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseRoute } from './route.ts';

const oid = 'ab'.repeat(20);

describe('parseRoute', () => {
  test.each([
    ['/', 'index'],
    ['/?x=1', 'index'],
    ['/healthz', 'health'],
    ['/a.git/info/mirrors', 'mirrors'],
    ['/info/mirrors?limit=1', 'mirrors'],
    ['/.well-known/git-mirrors?url=x', 'known-mirrors'],
    ['/.well-known/other', 'unknown'],
    ['/a/.hidden/info/mirrors', 'unknown'],
    ['/a.git/info/refs?service=git-receive-pack', 'push'],
    ['/a.git/git-receive-pack', 'push'],
    ['/a.git/info/refs?service=git-upload-archive', 'unknown-service'],
    ['/a.git/info/refs?service=', 'unknown-service'],
    ['/a.git', 'unknown'],
    ['/a.git/config', 'unknown'],
    ['/a.git/objects/ab/xyz', 'unknown'],
    ['/.git/a.git/info/refs', 'unknown'],
    ['/a/.hidden/info/refs', 'unknown'],
    ['/a/.git/.git/info/refs', 'unknown'],
    ['/%2ehidden/info/refs', 'unknown'],
    ['/.gitx/info/refs', 'unknown'],
    ['', 'malformed'],
    ['*', 'malformed'],
    ['http://host/a.git/info/refs', 'malformed'],
    ['/a.git//info/refs', 'malformed'],
    ['//a.git/info/refs', 'malformed'],
    ['/../a.git/info/refs', 'malformed'],
    ['/a.git/./info/refs', 'malformed'],
    ['/%2e%2e/a.git/info/refs', 'malformed'],
    ['/x%2fa.git/info/refs', 'malformed'],
    ['/x%5ca.git/info/refs', 'malformed'],
    ['/x\\a.git/info/refs', 'malformed'],
    ['/a%00.git/info/refs', 'malformed'],
    ['/a%0a.git/info/refs', 'malformed'],
    ['/a%zz.git/info/refs', 'malformed'],
    ['/a%c3%28.git/info/refs', 'malformed'],
    ['/a.git/info/refs?service=git-upload-pack&service=git-receive-pack', 'malformed'],
    [`/${'a'.repeat(9000)}.git/info/refs`, 'malformed'],
  ])('%s is %s', (url, kind) => {
    expect(parseRoute(url).kind).toBe(kind);
  });

  test.each([
    ['/a.git/info/refs?service=git-upload-pack', 'GET', 'info/refs', 'service=git-upload-pack'],
    ['/a.git/info/refs?x=1&service=git%2Dupload-pack', 'GET', 'info/refs', 'service=git-upload-pack'],
    ['/a.git/info/refs', 'GET', 'info/refs', ''],
    ['/a.git/git-upload-pack?x', 'POST', 'git-upload-pack', ''],
    ['/a.git/HEAD', 'GET', 'HEAD', ''],
    ['/a.git/objects/info/packs', 'GET', 'objects/info/packs', ''],
    ['/a.git/objects/info/alternates', 'GET', 'objects/info/alternates', ''],
    ['/a.git/objects/info/http-alternates', 'GET', 'objects/info/http-alternates', ''],
    [`/a.git/objects/ab/${oid.slice(2)}`, 'GET', `objects/ab/${oid.slice(2)}`, ''],
    [`/a.git/objects/pack/pack-${oid}.idx`, 'GET', `objects/pack/pack-${oid}.idx`, ''],
  ])('%s goes to the backend', (url, method, path, query) => {
    expect(parseRoute(url)).toEqual({ kind: 'git', repository: 'a.git', method, path, query });
  });

  test('a name may have several parts, and encoded characters are decoded once', () => {
    expect(parseRoute('/group/a%2Bb%2525.git/HEAD')).toMatchObject({ repository: 'group/a+b%25.git' });
  });

  test('the root itself has no name, and the folder .git of a checkout may be named', () => {
    expect(parseRoute('/info/refs')).toMatchObject({ kind: 'git', repository: '' });
    expect(parseRoute('/.git/info/refs')).toMatchObject({ kind: 'git', repository: '.git' });
    expect(parseRoute('/a/.git/git-receive-pack')).toMatchObject({ kind: 'push', repository: 'a/.git' });
  });

  test('whatever is asked for, a name never steps upwards and a path is one of the known ones', () => {
    const piece = fc.constantFrom('..', '.', '/', '%2e', '%2F', '%5c', '%00', '%', 'a.git', 'info/refs', 'HEAD', '\\');
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string()), { maxLength: 8 }), (pieces) => {
        const route = parseRoute(`/${pieces.join('')}`);
        if (route.kind !== 'git') return;
        expect(route.repository).toMatch(/^(?:|(?:[^/.][^/]*\/)*(?:[^/.][^/]*|\.git))$/);
        expect(route.repository).not.toMatch(/[\\\0]/);
        expect(route.path).toMatch(/^(?:info\/refs|git-upload-pack|HEAD|objects\/[0-9a-z/.-]+)$/);
      }),
    );
  });
});
