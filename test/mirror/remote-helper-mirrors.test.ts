import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { gitVersions } from '../git-versions.ts';
import { freePort } from '../servers/server-process.ts';
import { startHttpBackend, type HttpBackend } from '../servers/http-backend.ts';
import { makeOrigin, openScene, type Scene } from './remote-helper-scene.ts';

const slow = 240_000;

describe.each(gitVersions())('M11: git $version through mirror::, with mirrors', (version) => {
  let scene: Scene;
  let origin: HttpBackend;
  let mirror: HttpBackend;
  let url: string;
  let mirrorUrl: string;

  beforeEach(async () => {
    scene = await openScene(version);
    await makeOrigin(scene);
    await cp(join(scene.root, 'origin.git'), join(scene.root, 'mirror.git'), { recursive: true });
    origin = await startHttpBackend({ root: scene.root });
    mirror = await startHttpBackend({ root: scene.root });
    url = `${origin.url}/origin.git`;
    mirrorUrl = `${mirror.url}/mirror.git`;
  }, slow);
  afterEach(async () => {
    await Promise.all([origin.close(), mirror.close()]);
    await scene[Symbol.asyncDispose]();
  }, slow);

  /** Clones it with `mirrors` in its configuration. */
  async function clone(mirrors: readonly string[], ...flags: readonly string[]): Promise<void> {
    const known = mirrors.flatMap((each) => ['-c', `remote.origin.mirrorUrl=${each}`]);
    await scene.git('.', 'clone', ...known, ...flags, `mirror::${url}`, 'ours');
  }

  test('a mirror gives a clone its objects, the origin its refs', { timeout: slow }, async () => {
    await clone([mirrorUrl]);
    await scene.git('.', 'clone', '-q', url, 'stock');
    expect(packRequests(mirror)).toBeGreaterThan(0);
    expect(await stateOf(scene, 'ours')).toBe(await stateOf(scene, 'stock'));
    await scene.git('ours', 'fsck', '--strict');
  });

  test('the origin sends no pack when a mirror has all of it', { timeout: slow }, async () => {
    await clone([mirrorUrl]);
    // Version 2 lists refs by requests of their own: for the clone, and once a day for the mirrors that the refs name.
    expect(packRequests(origin)).toBe(2);
  });

  test.each([[], ['--filter=blob:none', '--no-checkout']])(
    'a mirror that gives everything is not left %j',
    { timeout: slow },
    async (...flags) => {
      const { status, stderr } = await scene.try('.', [
        'clone',
        ...flags,
        '-c',
        `remote.origin.mirrorUrl=${mirrorUrl}`,
        `mirror::${url}`,
        'ours',
      ]);
      expect(status).toBe(0);
      expect(stderr).toContain(`from mirror ${mirrorUrl}`);
      expect(stderr).not.toContain(' left: ');
    },
  );

  test('what a mirror lacks comes from the origin', { timeout: slow }, async () => {
    const newest = await scene.commit('fourth');
    await clone([mirrorUrl]);
    expect(await scene.git('ours', 'rev-parse', 'HEAD')).toBe(newest);
    expect(packRequests(mirror)).toBeGreaterThan(1);
    expect(await scene.git('ours', 'for-each-ref', 'refs/mirror')).toBe('');
  });

  test('a fetch takes what is new from the mirror', { timeout: slow }, async () => {
    await clone([mirrorUrl]);
    const newest = await scene.commit('fourth', { to: ['origin.git', 'mirror.git'] });
    const before = packRequests(origin);
    await scene.git('ours', 'pull', '-q');
    expect(await scene.git('ours', 'rev-parse', 'HEAD')).toBe(newest);
    expect(packRequests(origin)).toBe(before + 1);
    expect(await scene.git('ours', 'for-each-ref', 'refs/mirror')).toBe('');
  });

  test('a fetch with nothing new asks no mirror', { timeout: slow }, async () => {
    await clone([mirrorUrl]);
    const before = mirror.requests.length;
    await scene.git('ours', 'fetch');
    expect(mirror.requests).toHaveLength(before);
  });

  test('dead mirrors, and those that are no repository, are left', { timeout: slow }, async () => {
    const dead = `http://127.0.0.1:${String(await freePort())}/x.git`;
    await clone([dead, `${mirror.url}/nothing.git`, mirrorUrl]);
    expect(packRequests(origin)).toBe(2);
    await scene.git('ours', 'fsck', '--strict');
  });

  test('with dead mirrors alone, the origin gives everything', { timeout: slow }, async () => {
    await clone([`http://127.0.0.1:${String(await freePort())}/x.git`]);
    expect(await scene.git('ours', 'rev-list', '--count', 'HEAD')).toBe('3');
  });

  test('nothing of a mirror with other commits under the same names gets anywhere', { timeout: slow }, async () => {
    await scene.git('.', 'init', '-q', 'other');
    await writeFile(join(scene.root, 'other', 'evil.txt'), 'evil\n');
    await scene.git('other', 'add', '.');
    await scene.git('other', 'commit', '-q', '-m', 'evil');
    await scene.git('other', 'tag', '-a', '-m', 'evil', 'v1');
    await scene.git('other', 'tag', 'v9');
    await scene.git('other', 'push', '-q', '--force', join(scene.root, 'mirror.git'), 'main', 'v1', 'v9');
    const evil = await scene.git('other', 'rev-parse', 'HEAD');
    await clone([mirrorUrl]);
    await scene.git('.', 'clone', '-q', url, 'stock');
    expect(await stateOf(scene, 'ours', 'refs/heads', 'refs/remotes', 'refs/tags')).toBe(await stateOf(scene, 'stock'));
    const reached = await scene.git('ours', 'rev-list', '--exclude=refs/mirror/*', '--all');
    expect(reached.split('\n')).not.toContain(evil);
  });

  test('pushes go to the origin alone', { timeout: slow }, async () => {
    await clone([mirrorUrl]);
    await scene.git('ours', 'commit', '-q', '--allow-empty', '-m', 'mine');
    const before = mirror.requests.length;
    await scene.git('ours', 'push', '-q', 'origin', 'main', 'HEAD:refs/heads/topic');
    expect(mirror.requests).toHaveLength(before);
    expect(await scene.git('origin.git', 'rev-parse', 'topic')).toBe(await scene.git('ours', 'rev-parse', 'HEAD'));
    expect(await scene.git('mirror.git', 'for-each-ref', 'refs/heads/topic')).toBe('');
  });

  test('a shallow clone comes from the mirror, and deepens', { timeout: slow }, async () => {
    await clone([mirrorUrl], '--depth=2');
    await scene.git('.', 'clone', '-q', '--depth=2', url, 'stock');
    expect(packRequests(mirror)).toBeGreaterThan(1);
    expect(await stateOf(scene, 'ours')).toBe(await stateOf(scene, 'stock'));
    expect(await scene.git('ours', 'log', '--format=%H %P')).toBe(await scene.git('stock', 'log', '--format=%H %P'));
    await scene.git('ours', 'fsck', '--strict');
    await scene.git('ours', 'fetch', '-q', '--unshallow');
    expect(await scene.git('ours', 'rev-list', '--count', 'HEAD')).toBe('3');
  });

  test('a mirror that cuts history short is not believed', { timeout: slow }, async () => {
    await scene.git('.', 'clone', '-q', '--bare', '--depth=1', `file://${scene.root}/origin.git`, 'short.git');
    await clone([`${mirror.url}/short.git`], '--depth=2');
    expect(await scene.git('ours', 'rev-list', '--count', 'HEAD')).toBe('2');
    await scene.git('ours', 'fsck', '--strict');
  });

  test('a clone without files comes from the mirror, the files from the origin', { timeout: slow }, async () => {
    await clone([mirrorUrl], '--filter=blob:none', '--no-checkout');
    expect(packRequests(mirror)).toBeGreaterThan(1);
    const before = mirror.requests.length;
    await scene.git('ours', 'checkout', '-q', 'main');
    expect(await scene.git('ours', 'show', 'HEAD:main.txt')).toBe('third');
    expect(mirror.requests).toHaveLength(before);
    expect(await scene.git('ours', 'config', '--get-regexp', 'promisor')).toBe('remote.origin.promisor true');
    await scene.git('ours', 'fsck', '--strict');
  });
});

/** Requests that may carry packs; where the protocol is version 2, each list of refs is one as well. */
function packRequests(server: HttpBackend): number {
  return server.requests.filter(({ url }) => url.endsWith('/git-upload-pack')).length;
}

/** Its refs, one a line, those of mirrors too. */
function stateOf(scene: Scene, folder: string, ...prefixes: readonly string[]): Promise<string> {
  return scene.git(folder, 'for-each-ref', '--format=%(objectname) %(refname) %(symref)', ...prefixes);
}
