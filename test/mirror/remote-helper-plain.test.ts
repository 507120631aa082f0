import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { gitVersions } from '../git-versions.ts';
import { startHttpBackend, type HttpBackend } from '../servers/http-backend.ts';
import { makeOrigin, openScene, type Scene } from './remote-helper-scene.ts';

const slow = 180_000;

describe.each(gitVersions())('M11: git $version through mirror::, with no mirror known', (version) => {
  let scene: Scene;
  let server: HttpBackend;
  let url: string;

  beforeEach(async () => {
    scene = await openScene(version);
    await makeOrigin(scene);
    server = await startHttpBackend({ root: scene.root });
    url = `${server.url}/origin.git`;
  }, slow);
  afterEach(async () => {
    await server.close();
    await scene[Symbol.asyncDispose]();
  }, slow);

  test('clones as git does without it', { timeout: slow }, async () => {
    const stock = await scene.try('.', ['clone', url, 'stock']);
    const ours = await scene.try('.', ['clone', `mirror::${url}`, 'ours']);
    expect(ours).toEqual({ ...stock, stderr: stock.stderr.replace('stock', 'ours') });
    expect(await refsOf(scene, 'ours')).toBe(await refsOf(scene, 'stock'));
    await scene.git('ours', 'fsck', '--strict');
  });

  test('fetches, pulls and follows tags', { timeout: slow }, async () => {
    await scene.git('.', 'clone', '-q', url, 'stock');
    await scene.git('.', 'clone', '-q', `mirror::${url}`, 'ours');
    await scene.commit('fourth');
    await scene.git('work', 'tag', '-a', '-m', 'two', 'v2');
    await scene.git('work', 'push', '-q', join(scene.root, 'origin.git'), 'v2');
    const stock = await scene.try('stock', ['fetch']);
    const ours = await scene.try('ours', ['fetch']);
    expect(ours.stderr.replace(/^From mirror::/m, 'From ')).toBe(stock.stderr);
    await scene.git('ours', 'pull', '-q');
    await scene.git('stock', 'pull', '-q');
    expect(await refsOf(scene, 'ours')).toBe(await refsOf(scene, 'stock'));
  });

  test('a fetch with nothing new asks the origin once', { timeout: slow }, async () => {
    await scene.git('.', 'clone', '-q', `mirror::${url}`, 'ours');
    const before = server.requests.filter(({ url: asked }) => asked.includes('/info/refs')).length;
    await scene.git('ours', 'fetch');
    expect(server.requests.filter(({ url: asked }) => asked.includes('/info/refs'))).toHaveLength(before + 1);
  });

  test('pushes, and says of each ref what became of it', { timeout: slow }, async () => {
    await scene.git('.', 'clone', '-q', url, 'stock');
    await scene.git('.', 'clone', '-q', `mirror::${url}`, 'ours');
    await scene.commit('fourth');
    for (const folder of ['stock', 'ours']) {
      await scene.git(folder, 'switch', '-q', '-c', 'topic');
      await scene.git(folder, 'commit', '-q', '--allow-empty', '-m', 'mine');
      await scene.git(folder, 'branch', '-f', 'main', 'topic');
    }
    const refused = {
      stock: await scene.try('stock', ['push', 'origin', 'main']),
      ours: await scene.try('ours', ['push', 'origin', 'main']),
    };
    expect(refused.ours.status).toBe(1);
    expect(refused.ours.stderr.replaceAll('mirror::', '')).toBe(refused.stock.stderr);
    const args = ['push', '--porcelain', 'origin', '+main', 'topic:refs/heads/topic'];
    const ours = await scene.git('ours', ...args, ':refs/tags/v1');
    expect(ours.split('\n').map((line) => line.split('\t').slice(0, 2))).toEqual([
      [`To mirror::${url}`],
      ['+', 'refs/heads/main:refs/heads/main'],
      ['-', ':refs/tags/v1'],
      ['*', 'refs/heads/topic:refs/heads/topic'],
      ['Done'],
    ]);
    const tip = await scene.git('ours', 'rev-parse', 'topic');
    expect(await scene.git('origin.git', 'for-each-ref', '--format=%(objectname) %(refname)')).toBe(
      `${tip} refs/heads/main\n${tip} refs/heads/topic`,
    );
  });

  test('lists refs as git does', { timeout: slow }, async () => {
    const stock = await scene.git('.', 'ls-remote', '--symref', url);
    expect(await scene.git('.', 'ls-remote', '--symref', `mirror::${url}`)).toBe(stock);
  });

  test('clones a part of history and deepens it', { timeout: slow }, async () => {
    await scene.git('.', 'clone', '-q', '--depth=1', `mirror::${url}`, 'ours');
    expect(await scene.git('ours', 'rev-list', '--count', 'HEAD')).toBe('1');
    await scene.git('ours', 'fetch', '--deepen=1');
    expect(await scene.git('ours', 'rev-list', '--count', 'HEAD')).toBe('2');
    await scene.git('ours', 'fetch', '--unshallow');
    expect(await scene.git('ours', 'rev-list', '--count', 'HEAD')).toBe('3');
    expect(await scene.git('ours', 'rev-parse', '--is-shallow-repository')).toBe('false');
  });

  test('clones without files, and fetches them when they are needed', { timeout: slow }, async () => {
    await scene.git('.', 'clone', '-q', '--filter=blob:none', '--no-checkout', `mirror::${url}`, 'ours');
    const missing = await scene.git('ours', 'rev-list', '--objects', '--missing=print', '--all');
    expect(missing.split('\n').filter((line) => line.startsWith('?'))).toHaveLength(3);
    await scene.git('ours', 'checkout', '-q', 'main');
    expect(await scene.git('ours', 'show', 'HEAD~2:main.txt')).toBe('first');
    const config = await scene.git('ours', 'config', '--get-regexp', '^remote\\..*promisor$');
    expect(config).toBe('remote.origin.promisor true');
  });
});

/** Its refs, one a line. */
function refsOf(scene: Scene, folder: string): Promise<string> {
  return scene.git(folder, 'for-each-ref', '--format=%(objectname) %(refname) %(symref)');
}
