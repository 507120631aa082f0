import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ObjectFormat } from '../../src/core/object-id.ts';
import { makeRichRepository } from '../packs/rich-repository.ts';
import { FastImport } from '../repositories/fast-import.ts';
import { Repository } from '../repositories/repository.ts';
import { runGit } from '../repositories/run-git.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../repositories/temporary-folder.ts';

const program = fileURLToPath(new URL('./upload-pack-program.ts', import.meta.url));
const uploadPack = `'${process.execPath}' '${program}'`;

describe.each<ObjectFormat>(['sha1', 'sha256'])('git as the client of our upload-pack, %s', (format) => {
  let folder: TemporaryFolder;
  let source: Repository;

  beforeAll(async () => {
    folder = await makeTemporaryFolder();
    source = await makeRichRepository(join(folder.path, 'source'), format);
    await source.configure('uploadpack.allowFilter', 'true');
    await source.configure('uploadpack.allowAnySHA1InWant', 'true');
  });
  afterAll(() => folder[Symbol.asyncDispose]());

  const clone = async (name: string, ...args: readonly string[]): Promise<string> => {
    const path = join(folder.path, name);
    await runGit(['clone', '-q', '-u', uploadPack, ...args, `file://${source.path}`, path]);
    await runGit(['config', 'remote.origin.uploadpack', uploadPack], { cwd: path });
    return path;
  };
  const git = (path: string, ...args: readonly string[]): Promise<string> => runGit(args, { cwd: path });
  const refs = (path: string): Promise<string> => git(path, 'for-each-ref', '--format=%(refname) %(objectname)');

  it.each([0, 1, 2])('clones and fetches in v%i', async (version) => {
    const path = await clone(`mirror-${String(version)}`, '-c', `protocol.version=${String(version)}`, '--mirror');
    await git(path, 'fsck', '--strict');
    expect(await refs(path)).toBe(await refs(source.path));
    const tip = await source.commit('refs/heads/main');
    await source.updateRef('refs/heads/side', tip);
    await git(path, '-c', `protocol.version=${String(version)}`, 'fetch', '-q', '--prune');
    await git(path, 'fsck');
    expect(await refs(path)).toBe(await refs(source.path));
  });

  it.each([
    [0, 'consecutive'],
    [0, 'skipping'],
    [2, 'consecutive'],
    [2, 'skipping'],
    [2, 'noop'],
  ])('negotiates in several rounds in v%i, %s', async (version, algorithm) => {
    const path = await clone(`negotiating-${String(version)}-${algorithm}`, '--bare');
    const client = new Repository(path);
    const lines = new FastImport(2_000_000);
    let tip: string | undefined = await client.resolve('main~30');
    // Far more than the first flush of haves, and nothing of it is known to the server.
    for (let number = 0; number < 150; number += 1) {
      const files = { [`own-${String(number % 5)}.txt`]: `own ${String(number)} ${algorithm}` };
      tip = lines.commit({ ref: 'refs/heads/own', from: tip, message: 'own', files });
    }
    await client.import(lines);
    const wanted = await source.commit('refs/heads/far', { from: await source.resolve('main~25') });
    await git(
      path,
      ...['-c', `protocol.version=${String(version)}`, '-c', `fetch.negotiationAlgorithm=${algorithm}`],
      ...['fetch', '-q', '--upload-pack', uploadPack, `file://${source.path}`, '+refs/heads/far:refs/heads/far'],
    );
    expect(await client.resolve('refs/heads/far')).toBe(wanted);
    await git(path, 'fsck');
  });

  it('cuts history, deepens and gives it whole', async () => {
    const path = await clone('shallow', '--depth', '3', '--no-single-branch');
    const count = async (): Promise<number> => Number(await git(path, 'rev-list', '--count', 'origin/main'));
    const shallow = await count();
    await git(path, 'fetch', '-q', '--deepen', '4');
    await git(path, 'fsck');
    expect(await count()).toBeGreaterThan(shallow);
    await git(path, 'fetch', '-q', '--shallow-exclude=side');
    await git(path, 'fsck');
    await git(path, 'fetch', '-q', '--unshallow');
    await git(path, 'fsck');
    expect(await count()).toBe(Number(await source.git('rev-list', '--count', 'main')));
  });

  it.each(['blob:none', 'tree:0', 'blob:limit=100'])(
    'clones with %s and fetches the rest when it is needed',
    async (filter) => {
      const path = await clone(filter.replace(/\W/g, '-'), `--filter=${filter}`, '--no-checkout');
      const count = async (): Promise<number> =>
        (await git(path, 'cat-file', '--batch-all-objects', '--batch-check')).split('\n').length;
      const present = await count();
      await git(path, 'checkout', '-q', 'main');
      expect(await git(path, 'status', '--porcelain')).toBe('');
      await git(path, 'log', '-3', '--stat');
      expect(await count()).toBeGreaterThan(present);
    },
  );
});
