import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isGitMirrorError } from '../core/error.ts';
import { decodeDaemonRequest, nameOfDaemonPath } from './daemon-request.ts';

const decode = (text: string) => decodeDaemonRequest(Buffer.from(text));

describe('decodeDaemonRequest', () => {
  test.each([
    ['git-upload-pack /a.git', ''],
    ['git-upload-pack /a.git\n', ''],
    ['git-upload-pack /a.git\0host=example.com\0', ''],
    ['git-upload-pack /a.git\0HOST=example.com:9418\0', ''],
    ['git-upload-pack /a.git\0host=x\0\0version=2\0', 'version=2'],
    ['git-upload-pack /a.git\0host=x\0\0version=1\0other=3\0', 'version=1:other=3'],
    ['git-upload-pack /a.git\0\0\0version=2\0', 'version=2'],
    ['git-upload-pack /a.git\0host=x\0\0bad\u0001\0', ''],
  ])('%j', (text, gitProtocol) => {
    expect(decode(text)).toEqual({ service: 'git-upload-pack', path: '/a.git', gitProtocol });
  });

  test.each(['', 'git-upload-pack', 'upload-pack /a', 'GET / HTTP/1.0', 'git-upload-pack /a\nb', 'git-x /a\0y=1\0'])(
    '%j is none',
    (text) => {
      expect(() => decode(text)).toThrow(expect.objectContaining({ code: 'GM_PROTOCOL' }));
    },
  );

  test('whatever is changed in a request, it is understood or refused', () => {
    const real = Buffer.from('git-upload-pack /group/a.git\0host=example.com\0\0version=2\0');
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(real.length - 1), fc.nat(255)), { maxLength: 6 }),
        fc.nat(80),
        (edits, end) => {
          const bytes = Buffer.from(real);
          for (const [index, value] of edits) bytes[index] = value;
          try {
            const { path, gitProtocol } = decodeDaemonRequest(bytes.subarray(0, end));
            expect(gitProtocol).toMatch(/^[\u0020-\u007e]*$/);
            const name = nameOfDaemonPath(path);
            expect(name ?? '').not.toMatch(/(?:^|\/)\.\.?(?:\/|$)|[\0\\]/);
          } catch (error) {
            expect(isGitMirrorError(error, 'GM_PROTOCOL')).toBe(true);
          }
        },
      ),
    );
  });
});

test.each([
  ['/a.git', 'a.git'],
  ['/group/a', 'group/a'],
  ['/a/.git', 'a/.git'],
  ['/a.git/', 'a.git'],
  ['/', ''],
  ['a.git', undefined],
  ['', undefined],
  ['//a.git', undefined],
  ['/a//b', undefined],
  ['/../a.git', undefined],
  ['/a/./b', undefined],
  ['/.hidden/a', undefined],
  ['/a/.git/b', undefined],
  ['/a\\b', undefined],
  ['/a\u0001', undefined],
  ['~user/a.git', undefined],
])('%j is the name %j', (path, name) => {
  expect(nameOfDaemonPath(path)).toBe(name);
});
