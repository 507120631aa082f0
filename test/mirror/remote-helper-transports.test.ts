import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { gitVersions } from '../git-versions.ts';
import { startGitDaemon } from '../servers/git-daemon.ts';
import { startServer } from '../servers/git-server.ts';
import { startHttpBackend } from '../servers/http-backend.ts';
import { sshdPath, startSshd } from '../servers/sshd.ts';
import { makeOrigin, openScene, type Scene } from './remote-helper-scene.ts';

const slow = 240_000;

/** How a folder of repositories is reached. */
interface Reached {
  readonly url: string;
  close(): Promise<void>;
}

const transports: readonly { readonly name: string; readonly reach: (root: string) => Promise<Reached> }[] = [
  { name: 'a path', reach: async (root) => ({ url: root, close: async () => undefined }) },
  { name: 'a file:// URL', reach: async (root) => ({ url: pathToFileURL(root).href, close: async () => undefined }) },
  { name: 'git daemon', reach: (root) => startGitDaemon({ root, receivePack: true }) },
  { name: 'git http-backend', reach: (root) => startHttpBackend({ root }) },
];

describe.each(transports)('M11: mirror:: in front of $name', ({ reach }) => {
  let scene: Scene;
  let origin: Reached;

  beforeEach(async () => {
    scene = await openScene();
    await makeOrigin(scene);
    origin = await reach(scene.root);
  }, slow);
  afterEach(async () => {
    await origin.close();
    await scene[Symbol.asyncDispose]();
  }, slow);

  test('clones, fetches and pushes', { timeout: slow }, async () => {
    await scene.git('.', 'clone', '-q', `mirror::${origin.url}/origin.git`, 'ours');
    const newest = await scene.commit('fourth');
    await scene.git('ours', 'pull', '-q');
    expect(await scene.git('ours', 'rev-parse', 'HEAD')).toBe(newest);
    await scene.git('ours', 'commit', '-q', '--allow-empty', '-m', 'mine');
    await scene.git('ours', 'push', '-q');
    expect(await scene.git('origin.git', 'rev-parse', 'main')).toBe(await scene.git('ours', 'rev-parse', 'HEAD'));
    await scene.git('ours', 'fsck', '--strict');
  });

  test('says of a repository that is not there what git says', { timeout: slow }, async () => {
    const stock = await scene.try('.', ['clone', `${origin.url}/nothing.git`, 'stock']);
    const ours = await scene.try('.', ['clone', `mirror::${origin.url}/nothing.git`, 'ours']);
    expect(ours.status).toBe(128);
    const lastLines = (text: string): readonly string[] =>
      text.split('\n').filter((line) => line.startsWith('fatal: '));
    // Git looks for a path itself, and says so in words of its own.
    if (origin.url !== scene.root) expect(lastLines(ours.stderr)).toEqual(lastLines(stock.stderr));
    expect(lastLines(ours.stderr)).not.toEqual([]);
  });
});

describe.runIf(sshdPath !== undefined)('M11: mirror:: in front of ssh', () => {
  test('clones, fetches and pushes', { timeout: slow }, async () => {
    await using scene = await openScene();
    await makeOrigin(scene);
    const server = await startSshd({ root: scene.root });
    try {
      const url = `mirror::${server.urlFor(join(scene.root, 'origin.git'))}`;
      const env = server.env;
      expect((await scene.try('.', ['clone', '-q', url, 'ours'], env)).status).toBe(0);
      await scene.commit('fourth');
      expect((await scene.try('ours', ['pull', '-q'], env)).status).toBe(0);
      await scene.git('ours', 'commit', '-q', '--allow-empty', '-m', 'mine');
      expect((await scene.try('ours', ['push', '-q'], env)).status).toBe(0);
      expect(await scene.git('origin.git', 'rev-parse', 'main')).toBe(await scene.git('ours', 'rev-parse', 'HEAD'));
    } finally {
      await server.close();
    }
  });
});

describe('M11: mirror:: in front of our own server', () => {
  test('clones whole, in part and without files, from a mirror of the same kind', { timeout: slow }, async () => {
    await using scene = await openScene();
    await makeOrigin(scene);
    await cp(join(scene.root, 'origin.git'), join(scene.root, 'mirror.git'), { recursive: true });
    await using server = await startServer({ backend: 'native', root: scene.root });
    const url = `mirror::${server.url}origin.git`;
    for (const flags of [[], ['--depth=1'], ['--filter=blob:none'], ['--bare'], ['--mirror']]) {
      const folder = `ours${flags.join('')}`;
      const mirror = `remote.origin.mirrorUrl=${server.url}mirror.git`;
      await scene.git('.', 'clone', '-q', '-c', mirror, ...flags, url, folder);
      await scene.git('.', 'clone', '-q', ...flags, `${server.url}origin.git`, `stock${folder}`);
      const format = '--format=%(objectname) %(refname)';
      expect(await scene.git(folder, 'for-each-ref', format)).toBe(
        await scene.git(`stock${folder}`, 'for-each-ref', format),
      );
      await scene.git(folder, 'fsck', '--strict');
    }
    expect(server.failures).toEqual([]);
  });
});

describe.each(gitVersions())('M11: git $version', (version) => {
  test('clones and fetches SHA-256 repositories, from mirrors too', { timeout: slow }, async () => {
    await using scene = await openScene(version);
    await makeOrigin(scene, 'sha256');
    await cp(join(scene.root, 'origin.git'), join(scene.root, 'mirror.git'), { recursive: true });
    const origin = pathToFileURL(join(scene.root, 'origin.git')).href;
    const mirror = `remote.origin.mirrorUrl=${pathToFileURL(join(scene.root, 'mirror.git')).href}`;
    for (const [index, flags] of [[], ['-c', mirror], ['-c', mirror, '--depth=1']].entries()) {
      const folder = `ours${String(index)}`;
      await scene.git('.', 'clone', '-q', ...flags, `mirror::${origin}`, folder);
      const newest = await scene.commit(`after ${String(index)}`);
      await scene.git(folder, 'pull', '-q');
      expect(await scene.git(folder, 'rev-parse', 'HEAD')).toBe(newest);
      expect(newest).toHaveLength(64);
      await scene.git(folder, 'fsck', '--strict');
    }
  });

  test('clones and fetches 2,000 refs', { timeout: slow }, async () => {
    await using scene = await openScene(version);
    const path = await makeOrigin(scene);
    await cp(path, join(scene.root, 'mirror.git'), { recursive: true });
    const lines: string[] = [];
    const tip = await scene.git('work', 'rev-parse', 'HEAD');
    for (let index = 0; index < 2000; index += 1)
      lines.push(`${tip} refs/heads/many/${String(index).padStart(4, '0')}`);
    // Each of half of them has a commit of its own.
    const commits = (word: string): string =>
      Array.from({ length: 1000 }, (_, index) => fastImportCommit(word, index, tip)).join('');
    await scene.input('origin.git', ['fast-import', '--quiet'], commits('one'));
    await scene.input('origin.git', ['update-ref', '--stdin'], lines.slice(1000).map(createLine).join(''));
    const mirror = `remote.origin.mirrorUrl=${pathToFileURL(join(scene.root, 'mirror.git')).href}`;
    const origin = pathToFileURL(path).href;
    await scene.git('.', 'clone', '-q', '-c', mirror, `mirror::${origin}`, 'ours');
    const count = async (folder: string, prefix: string): Promise<number> =>
      (await scene.git(folder, 'for-each-ref', prefix)).split('\n').length;
    expect(await count('ours', 'refs/remotes/origin/many')).toBe(2000);
    await scene.input('origin.git', ['fast-import', '--quiet', '--force'], commits('two'));
    await scene.git('ours', 'fetch', '-q');
    expect(await scene.git('ours', 'rev-parse', 'origin/many/0999')).toBe(
      await scene.git('origin.git', 'rev-parse', 'many/0999'),
    );
    expect(await scene.git('ours', 'for-each-ref', 'refs/mirror')).toBe('');
  });
});

function createLine(line: string): string {
  const [oid = '', name = ''] = line.split(' ');
  return `create ${name} ${oid}\n`;
}

function fastImportCommit(word: string, index: number, parent: string): string {
  const name = String(index).padStart(4, '0');
  const message = `${word} ${name}`;
  return `commit refs/heads/many/${name}\ncommitter A <a@example.org> 1700000000 +0000\ndata ${String(message.length)}\n${message}\nfrom ${parent}\n\n`;
}
