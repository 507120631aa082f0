import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FakeHost } from '../../test/cli/fake-host.ts';
import { GitMirrorError } from '../core/error.ts';

let host: FakeHost;
let folder: string;
beforeEach(async () => {
  host = new FakeHost();
  folder = await mkdtemp(join(tmpdir(), 'git-mirror-cli-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('without credentials the library goes its own way', async () => {
  await host.run('sync', '/one.git', '/two.git');
  expect(host.clientOptions?.auth).toBeUndefined();
});

test('credentials come from the environment, and from flags before it', async () => {
  host.env = {
    GIT_MIRROR_SOURCE_TOKEN: 'env-source-token',
    GIT_MIRROR_SOURCE_USERNAME: 'me',
    GIT_MIRROR_TARGET_BEARER_TOKEN: 'env-target-bearer',
    GIT_MIRROR_TARGET_SKIP_TLS_VERIFY: '1',
  };
  await host.run('sync', '/one.git', '/two.git');
  expect(await host.credentials()).toEqual([
    { username: 'me', token: 'env-source-token' },
    { bearerToken: 'env-target-bearer', skipTlsVerify: true },
  ]);
  await host.run(
    'sync',
    '--source-bearer-token',
    'flag-bearer',
    '--target-token',
    'flag-token',
    '/one.git',
    '/two.git',
  );
  expect(await host.credentials()).toEqual([
    { username: 'me', bearerToken: 'flag-bearer' },
    { token: 'flag-token', skipTlsVerify: true },
  ]);
});

test('tokens come from files and from standard input', async () => {
  const path = join(folder, 'token');
  await writeFile(path, 'file-token\r\nmore\n');
  host.input = 'input-token\n';
  host.env = { GIT_MIRROR_SOURCE_TOKEN: 'loses' };
  const words = ['--source-token-file', path, '--target-bearer-token-file', '-', '/one.git', '/two.git'];
  expect(await host.run('sync', ...words)).toBe(0);
  expect(await host.credentials()).toEqual([{ token: 'file-token' }, { bearerToken: 'input-token' }]);
  expect(host.inputReads).toBe(1);

  host.env = { GIT_MIRROR_TARGET_TOKEN_FILE: path };
  expect(await host.run('sync', '/one.git', '/two.git')).toBe(0);
  expect(await host.credentials()).toEqual([undefined, { token: 'file-token' }]);
});

test.each([
  [['--source-token', 'one-secret', '--source-token-file', 'x'], '--source-token: it is given together with'],
  [
    ['--source-token', 'one-secret', '--source-bearer-token', 'two-secret'],
    '--source-token: it is given together with',
  ],
  [['--source-token-file', '-', '--target-token-file', '-'], '--target-token-file: standard input already holds'],
  [['--source-token-file', '/nonexistent/x'], '--source-token-file: cannot read /nonexistent/x: ENOENT'],
  [['--source-token-file', '/dev/null'], '--source-token-file: the first line of /dev/null is empty'],
  [['--source-token='], "Option '--source-token <token>' argument '' is invalid. It is empty."],
])('credentials that cannot be: %j', async (flags, sentence) => {
  host.input = 'input-secret';
  expect(await host.run('sync', ...flags, '/one.git', '/two.git')).toBe(2);
  expect(host.err).toContain(sentence);
  expect(host.err).not.toMatch(/one-secret|two-secret|input-secret/);
  expect(host.calls).toEqual([]);
});

test('secrets stay out of everything that is written', async () => {
  const secrets = ['source-s3cret', 'target-s3cret', 'url-s3cret'];
  host.answer = async () => {
    throw new GitMirrorError('GM_AUTH', `Refused: ${secrets.join(' ')}.`, {
      details: { told: secrets },
      cause: new Error(`deep ${secrets.join(' ')}`),
    });
  };
  const words = ['--source-token', 'source-s3cret', 'https://me:url-s3cret@host/one.git', 'https://host/two.git'];
  host.env = { GIT_MIRROR_TARGET_TOKEN: 'target-s3cret' };
  expect(await host.run('sync', '--verbose', ...words)).toBe(1);
  expect(host.err).toContain('Refused: *** *** ***.');
  expect(host.err).toContain('caused by: deep *** *** ***');
  expect(await host.run('sync', '--json', ...words)).toBe(1);
  expect(host.out + host.err).not.toContain('s3cret');

  host.err = '';
  expect(await host.run('sync', '--source-tokn=source-s3cret', '/one.git', '/two.git')).toBe(2);
  expect(host.err).toContain("Unknown option '--source-tokn'.");
});
