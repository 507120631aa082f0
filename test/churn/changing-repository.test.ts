import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { makeStandard } from '../parity/served-repositories.ts';
import { incompressibleBytes } from '../repositories/random-bytes.ts';
import type { Repository } from '../repositories/repository.ts';
import { runGit } from '../repositories/run-git.ts';
import { makeTemporaryFolder } from '../repositories/temporary-folder.ts';
import { forkServer } from '../servers/forked-server.ts';

const runMs = 12_000;
const cloners = 3;

/** Everything that happens to a repository while it is served, over and over. */
const changes: readonly ((repository: Repository, round: number) => Promise<unknown>)[] = [
  (repository, round) =>
    repository.commit('refs/heads/main', {
      files: { [`noise-${round % 5}.bin`]: incompressibleBytes(200_000, round) },
    }),
  (repository) => repository.git('repack', '-a', '-d', '-q'),
  async (repository, round) => {
    // A push with force: what was on the branch is nobody's from here on.
    await repository.commit('refs/heads/topic', {
      from: await repository.resolve('main~2'),
      message: `forced ${round}`,
    });
  },
  (repository) => repository.git('gc', '--prune=now', '--quiet'),
  async (repository, round) => {
    await repository.updateRef(`refs/heads/short-lived-${round}`, 'main~1');
    if (round > 0) await repository.deleteRef(`refs/heads/short-lived-${round - 1}`).catch(() => undefined);
  },
  (repository) => repository.git('pack-refs', '--all'),
  (repository) => repository.git('commit-graph', 'write', '--reachable', '--no-progress'),
  (repository) => repository.git('repack', '-a', '-d', '-q', '--write-bitmap-index'),
  async (repository) => {
    await repository.commit('refs/heads/main');
    await repository.git('multi-pack-index', 'write', '--no-progress');
  },
  (repository) => repository.git('repack', '-A', '-d', '-q', '-f'),
];

test('a repository that changes while it is cloned', { timeout: 120_000 }, async () => {
  await using folder = await makeTemporaryFolder();
  const root = join(folder.path, 'served');
  const repository = await makeStandard(root, 'sha1');
  await using server = await forkServer({ backend: 'native', root });
  const over = AbortSignal.timeout(runMs);
  let good = 0;
  const complaints: string[] = [];

  const change = async (): Promise<number> => {
    let rounds = 0;
    for (; !over.aborted; rounds += 1) await changes[rounds % changes.length]?.(repository, rounds);
    return rounds;
  };
  const clone = async (number: number): Promise<void> => {
    for (let count = 0; !over.aborted; count += 1) {
      const path = join(folder.path, `clone-${number}-${count}`);
      const words = [[], ['--depth=2'], ['--single-branch']][count % 3] ?? [];
      const complaint = await runGit(['clone', '-q', '--bare', ...words, `${server.url}repo.git`, path]).then(
        () => undefined,
        (error: unknown) => String(error),
      );
      if (complaint === undefined) {
        // Whatever a clone that ended well holds is whole.
        await runGit(['fsck', '--full', '--strict', '--no-dangling'], { cwd: path });
        good += 1;
      } else complaints.push(complaint);
      await rm(path, { recursive: true, force: true });
    }
  };
  const [rounds] = await Promise.all([change(), ...Array.from({ length: cloners }, (_, number) => clone(number))]);

  expect(rounds).toBeGreaterThan(changes.length);
  expect(good).toBeGreaterThan(cloners);
  // A clone that cannot be served says so, in words of Git's protocol.
  for (const complaint of complaints) expect(complaint).toMatch(/remote error: |remote: |not our ref/);
  expect(complaints.length).toBeLessThan(good);
  expect(server.isAlive()).toBe(true);
  await delay(100);
  await runGit(['clone', '-q', '--mirror', `${server.url}repo.git`, join(folder.path, 'last')]);
  expect(await runGit(['for-each-ref'], { cwd: join(folder.path, 'last') })).toBe(await repository.git('for-each-ref'));
});
