import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startHttpBackend, type HttpBackend } from '../servers/http-backend.ts';
import { makeOrigin, openScene, type Scene } from './remote-helper-scene.ts';

const slow = 180_000;
let scene: Scene;
let server: HttpBackend;
let url: string;

beforeEach(async () => {
  scene = await openScene();
  await makeOrigin(scene);
  server = await startHttpBackend({ root: scene.root });
  url = `${server.url}/origin.git`;
}, slow);
afterEach(async () => {
  await server.close();
  await scene[Symbol.asyncDispose]();
}, slow);

test('M11: the remote keeps its mirror:: URL, and everything else of a clone', { timeout: slow }, async () => {
  await scene.git('.', 'clone', '-q', url, 'stock');
  await scene.git('.', 'clone', '-q', `mirror::${url}`, 'ours');
  expect(await scene.git('ours', 'remote', '-v')).toBe(`origin\tmirror::${url} (fetch)\norigin\tmirror::${url} (push)`);
  const config = await scene.git('ours', 'config', '--local', '--list');
  const learned = /^remote\.origin\.(?:learned|mirrorslearned|moremirrors).*\n?/gm;
  expect(config.replace(learned, '').replace('mirror::', '').trim()).toBe(
    await scene.git('stock', 'config', '--local', '--list'),
  );
  expect(await scene.git('ours', 'status', '--short', '--branch')).toBe('## main...origin/main');
});

test(
  'M11: a rule of url.mirror::….insteadOf brings all git commands here, and others still count',
  { timeout: slow },
  async () => {
    const rules = [
      ['url.mirror::http://git.example/.insteadOf', 'http://git.example/'],
      [`url.${server.url}/.insteadOf`, 'http://git.example/'],
    ];
    // The longer rule would win over both of them.
    await scene.git('.', 'config', '--global', `url.mirror::${server.url}/.insteadOf`, `${server.url}/`);
    await scene.git('.', 'clone', '-q', url, 'ours');
    expect(await scene.git('ours', 'config', 'remote.origin.url')).toBe(url);
    expect(await scene.git('ours', 'remote', 'get-url', 'origin')).toBe(`mirror::${url}`);
    const newest = await scene.commit('fourth');
    await scene.git('ours', 'pull', '-q');
    expect(await scene.git('ours', 'rev-parse', 'HEAD')).toBe(newest);
    const [, [key = '', value = ''] = []] = rules;
    await scene.git('.', 'config', '--global', '--unset', `url.mirror::${server.url}/.insteadOf`);
    await scene.git('.', 'config', '--global', 'url.mirror::http://git.example/x/.insteadOf', 'http://other.example/');
    await scene.git('.', 'config', '--global', key, value);
    await scene.git('.', 'ls-remote', 'mirror::http://git.example/origin.git');
  },
);

test('M11: remote.<name>.vcs=mirror does the same for a plain URL', { timeout: slow }, async () => {
  await scene.git('.', '-c', 'remote.origin.vcs=mirror', 'clone', '-q', '--depth=1', url, 'ours');
  expect(await scene.git('ours', 'config', 'remote.origin.url')).toBe(url);
  expect(await scene.git('ours', 'rev-list', '--count', 'HEAD')).toBe('1');
  await scene.git('ours', 'fetch', '-q', '--unshallow');
  expect(await scene.git('ours', 'rev-list', '--count', 'HEAD')).toBe('3');
});

test('M11: an origin that steers is asked for its own refs', { timeout: slow }, async () => {
  await scene.git('.', 'clone', '-q', `mirror::${url}`, 'ours');
  await scene.git('ours', 'fetch', '-q');
  // What is asked about mirrors is no matter of steering.
  const asked = server.requests.filter(({ headers }) => /^git\/\d+\.\d+\.\d+$/.test(String(headers['user-agent'])));
  expect(new Set(asked.map(({ headers }) => headers['git-mirror']))).toEqual(new Set(['direct']));
});

test('M11: submodules come through it once git is told to allow it', { timeout: slow }, async () => {
  await scene.git('.', 'init', '-q', 'super');
  const refused = await scene.try('super', ['submodule', 'add', `mirror::${url}`, 'sub']);
  expect(refused.status).not.toBe(0);
  expect(refused.stderr).toContain("transport 'mirror' not allowed");
  await scene.git('.', 'config', '--global', 'protocol.mirror.allow', 'always');
  await scene.git('super', 'submodule', 'add', `mirror::${url}`, 'sub');
  await scene.git('super', 'commit', '-q', '-m', 'sub');
  await scene.git('.', 'clone', '-q', '--recurse-submodules', pathToFileURL(join(scene.root, 'super')).href, 'copy');
  expect(await readFile(join(scene.root, 'copy', 'sub', 'main.txt'), 'utf8')).toBe('third\n');
});

test('M11: protocols that are not allowed are not reached through it either', { timeout: slow }, async () => {
  const marker = join(scene.root, 'marker');
  const { status } = await scene.try('.', ['clone', `mirror::ext::sh -c touch% ${marker}`, 'ours']);
  expect(status).toBe(128);
  const local = { GIT_ALLOW_PROTOCOL: 'mirror' };
  expect((await scene.try('.', ['ls-remote', `mirror::${url}`], local)).stderr).toContain('not allowed');
  expect(await readdir(scene.root)).not.toContain('marker');
});

test('M11: a clone of one branch follows the tags of what it has', { timeout: slow }, async () => {
  await scene.git('work', 'switch', '-q', '-c', 'side', 'HEAD~2');
  await scene.commit('beside', { branch: 'side' });
  await scene.git('work', 'tag', '-a', '-m', 'side', 'v-side');
  await scene.git('work', 'push', '-q', join(scene.root, 'origin.git'), 'v-side');
  for (const flags of [
    ['--single-branch'],
    ['--branch=side', '--single-branch'],
    ['--branch=v1'],
    ['--no-tags'],
    ['--depth=1', '--no-single-branch'],
  ]) {
    const name = flags.join('');
    await scene.git('.', 'clone', '-q', ...flags, url, `stock${name}`);
    await scene.git('.', 'clone', '-q', ...flags, `mirror::${url}`, `ours${name}`);
    const args = ['for-each-ref', '--format=%(objectname) %(refname)'];
    expect(await scene.git(`ours${name}`, ...args)).toBe(await scene.git(`stock${name}`, ...args));
    await scene.git(`ours${name}`, 'fsck', '--strict');
  }
});

test('M11: clones of empty repositories, with a detached HEAD, and from shallow ones', { timeout: slow }, async () => {
  await scene.git('.', 'init', '-q', '--bare', 'empty.git');
  expect((await scene.try('.', ['clone', `mirror::${server.url}/empty.git`, 'empty'])).stderr).toContain(
    'You appear to have cloned an empty repository',
  );
  await scene.git('origin.git', 'update-ref', '--no-deref', 'HEAD', 'refs/heads/main~1');
  await scene.git('.', 'clone', '-q', `mirror::${url}`, 'detached');
  expect(await scene.git('detached', 'rev-parse', 'HEAD')).toBe(await scene.git('work', 'rev-parse', 'main~1'));
  await scene.git('.', 'clone', '-q', '--bare', '--depth=1', `file://${scene.root}/origin.git`, 'shallow.git');
  await scene.git('.', 'clone', '-q', `mirror::${server.url}/shallow.git`, 'shallow');
  expect(await scene.git('shallow', 'rev-list', '--count', 'HEAD')).toBe('1');
  await scene.git('shallow', 'fsck', '--strict');
});

test('M11: shallow by date and by ref, as git does', { timeout: slow }, async () => {
  for (const flags of [['--shallow-exclude=v1'], ['--shallow-since=2001-01-01']]) {
    const name = flags.join('');
    await scene.git('.', 'clone', '-q', ...flags, `mirror::${url}`, `ours${name}`);
    await scene.git('.', 'clone', '-q', ...flags, url, `stock${name}`);
    const args = ['log', '--format=%H', '--all'];
    expect(await scene.git(`ours${name}`, ...args)).toBe(await scene.git(`stock${name}`, ...args));
  }
});

test('M11: pushes with all that git has for them', { timeout: slow }, async () => {
  await scene.git('.', 'clone', '-q', `mirror::${url}`, 'ours');
  await scene.git('origin.git', 'config', 'receive.advertisePushOptions', 'true');
  await scene.git('ours', 'commit', '-q', '--allow-empty', '-m', 'mine');
  const hook = join(scene.root, 'origin.git', 'hooks', 'pre-receive');
  const seen = join(scene.root, 'seen');
  await writeFile(
    hook,
    `#!/bin/sh\necho "$GIT_PUSH_OPTION_COUNT $GIT_PUSH_OPTION_0 $GIT_PUSH_OPTION_1" >> '${seen}'\ngrep -q refs/heads/no && exit 1\nexit 0\n`,
  );
  await chmod(hook, 0o755);
  const origin = (): Promise<string> => scene.git('origin.git', 'for-each-ref', '--format=%(objectname) %(refname)');
  const before = await origin();
  await scene.git('ours', 'push', '-q', '--dry-run', 'origin', 'main');
  expect(await origin()).toBe(before);
  await scene.git('ours', 'push', '-q', '-o', 'one two', '-o', 'three', 'origin', 'main');
  expect(await readFile(seen, 'utf8')).toBe('2 one two three\n');
  const declined = await scene.try('ours', ['push', 'origin', 'HEAD:refs/heads/no']);
  expect(declined.status).toBe(1);
  expect(declined.stderr).toContain('! [remote rejected] HEAD -> no (pre-receive hook declined)');
  const tip = await scene.git('ours', 'rev-parse', 'HEAD');
  const leased = await scene.try('ours', [
    'push',
    `--force-with-lease=main:${tip.replace(/^./, '0')}`,
    'origin',
    'HEAD~1:main',
  ]);
  expect([leased.status, leased.stderr.includes('stale info')]).toEqual([1, true]);
  await scene.git('ours', 'push', '-q', `--force-with-lease=main:${tip}`, 'origin', 'HEAD~1:main');
  const atomic = await scene.try('ours', [
    'push',
    '--atomic',
    'origin',
    'HEAD:refs/heads/a',
    'v1:refs/tags/v1',
    '+v1~1:refs/tags/v1',
  ]);
  expect(atomic.status).not.toBe(0);
  expect(await scene.git('origin.git', 'for-each-ref', 'refs/heads/a')).toBe('');
  await scene.git(
    'ours',
    'push',
    '-q',
    '--atomic',
    'origin',
    'HEAD:refs/heads/a',
    'HEAD:refs/heads/b',
    ':refs/tags/v1',
  );
  expect(await scene.git('origin.git', 'for-each-ref', '--format=%(refname)')).toBe(
    'refs/heads/a\nrefs/heads/b\nrefs/heads/main',
  );
});

test('M11: a hook before the push runs once', { timeout: slow }, async () => {
  await scene.git('.', 'clone', '-q', `mirror::${url}`, 'ours');
  const hook = join(scene.root, 'ours', '.git', 'hooks', 'pre-push');
  await writeFile(hook, `#!/bin/sh\necho "$1 $2" >> '${scene.root}/hook'\n`);
  await chmod(hook, 0o755);
  await scene.git('ours', 'push', '-q', 'origin', 'HEAD:refs/heads/topic');
  expect(await readFile(join(scene.root, 'hook'), 'utf8')).toBe(`origin mirror::${url}\n`);
});

test('M11: ends with git when it is stopped, and its own git with it', { timeout: slow }, async () => {
  let asked: () => void = () => undefined;
  const wasAsked = new Promise<void>((resolve) => {
    asked = resolve;
  });
  let left: () => void = () => undefined;
  const wasLeft = new Promise<void>((resolve) => {
    left = resolve;
  });
  const silent = createServer((_request, response) => {
    response.on('close', () => {
      left();
    });
    asked();
  });
  silent.listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo;
  const child = spawn('git', ['ls-remote', `mirror::http://127.0.0.1:${String(port)}/x.git`], {
    cwd: scene.root,
    env: scene.env,
    stdio: 'ignore',
  });
  await wasAsked;
  child.kill('SIGKILL');
  // The connection closes when the last git that holds it has gone.
  await wasLeft;
  silent.close();
});

test('M11: a damaged mirror is left', { timeout: slow }, async () => {
  await cp(join(scene.root, 'origin.git'), join(scene.root, 'mirror.git'), { recursive: true });
  const blob = await scene.git('mirror.git', 'rev-parse', 'main~1:main.txt');
  const loose = join(scene.root, 'mirror.git', 'objects', blob.slice(0, 2), blob.slice(2));
  await chmod(loose, 0o644);
  await writeFile(loose, '');
  const mirror = `remote.origin.mirrorUrl=${server.url}/mirror.git`;
  for (const flags of [[], ['--depth=2'], ['--filter=tree:0']]) {
    const folder = `ours${flags.join('')}`;
    await scene.git('.', 'clone', '-q', '-c', mirror, ...flags, `mirror::${url}`, folder);
    await scene.git(folder, 'fsck', '--strict');
    expect(await scene.git(folder, 'rev-parse', 'HEAD')).toBe(await scene.git('work', 'rev-parse', 'main'));
  }
});

test('M11: ends when it is stopped while it waits for git', { timeout: slow }, async () => {
  const child = spawn(join(scene.root, 'bin', 'git-remote-mirror'), ['origin', url], {
    env: scene.env,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const ended = once(child, 'exit');
  child.stdin.write('capabilities\n');
  await once(child.stdout, 'data');
  child.kill('SIGTERM');
  expect(await ended).toEqual([128, null]);
});
