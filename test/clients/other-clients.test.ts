import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeStandard } from '../parity/served-repositories.ts';
import type { Repository } from '../repositories/repository.ts';
import { runGit } from '../repositories/run-git.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../repositories/temporary-folder.ts';
import { backendNames } from '../servers/backends.ts';
import { startServer, type GitServer } from '../servers/git-server.ts';
import { otherClients } from './other-clients.ts';

describe.each(backendNames)('clients other than git, served by %s', (backend) => {
  let folder: TemporaryFolder;
  let repository: Repository;
  let server: GitServer;
  beforeAll(async () => {
    folder = await makeTemporaryFolder();
    repository = await makeStandard(join(folder.path, 'served'), 'sha1');
    server = await startServer({ backend, root: join(folder.path, 'served') });
  });
  afterAll(async () => {
    await server.close();
    await folder[Symbol.asyncDispose]();
  });

  test.each(otherClients)('$name clones, and fetches what is new', async (client) => {
    const path = join(folder.path, `${client.name}-full`);
    await client.clone(`${server.url}repo.git`, path);
    await runGit(['fsck', '--full', '--no-dangling'], { cwd: path });
    for (const name of ['main', 'topic', 'old/base']) {
      expect(await runGit(['rev-parse', client.branch(name)], { cwd: path })).toBe(await repository.resolve(name));
    }
    expect(await runGit(['rev-parse', 'v1^{commit}'], { cwd: path })).toBe(await repository.resolve('v1^{commit}'));

    await repository.commit('refs/heads/main', { files: { 'src/part-1/code.txt': 'new\n', [client.name]: 'new\n' } });
    await client.fetch(path);
    await runGit(['fsck', '--full', '--no-dangling'], { cwd: path });
    expect(await runGit(['rev-parse', client.branch('main')], { cwd: path })).toBe(await repository.resolve('main'));
  });

  test.each(otherClients.filter(({ canCut }) => canCut))('$name clones with a depth', async (client) => {
    const path = join(folder.path, `${client.name}-cut`);
    await client.clone(`${server.url}repo.git`, path, 1);
    await runGit(['fsck', '--full', '--no-dangling'], { cwd: path });
    const tip = await repository.resolve('main');
    expect(await readFile(join(path, '.git', 'shallow'), 'utf8')).toContain(tip);
    expect(await runGit(['rev-list', '--count', tip], { cwd: path })).toBe('1');
  });
});
