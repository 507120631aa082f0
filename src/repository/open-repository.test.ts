import { appendFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeRepository } from '../../test/repositories/make-repository.ts';
import type { Repository as TestRepository } from '../../test/repositories/repository.ts';
import { runGit } from '../../test/repositories/run-git.ts';
import { makeTemporaryFolder } from '../../test/repositories/temporary-folder.ts';
import type { ObjectId } from '../core/object-id.ts';
import { openKernel } from '../kernel/open-kernel.ts';
import { RepositoryCache } from './open-repository.ts';
import type { Repository } from './repository.ts';

function makeCache(options: { readonly maxIdle?: number } = {}): RepositoryCache {
  const env = { ...process.env, GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null' };
  return new RepositoryCache({ kernel: openKernel(), env, baseBytes: 1024 * 1024, ...options });
}

/** Uses a repository for as long as the action takes. */
function using<Result>(cache: RepositoryCache, path: string, action: (repository: Repository) => Result): Result {
  const lease = cache.acquire(path);
  try {
    return action(lease.repository);
  } finally {
    lease.release();
  }
}

describe('what has not changed is used again', () => {
  test('the same objects until packs, alternates or settings change', async () => {
    await using folder = await makeTemporaryFolder();
    const made = await makeRepository(join(folder.path, 'a.git'), { commits: 30 });
    await made.git('repack', '-adq');
    const cache = makeCache();
    const objectsOf = (): unknown => using(cache, made.path, ({ objects }) => objects);
    let last = objectsOf();
    expect(objectsOf()).toBe(last);
    const changes: readonly [string, () => Promise<unknown> | undefined][] = [
      ['a new pack', async () => made.commit('refs/heads/main').then(() => made.git('repack', '-q'))],
      ['a commit-graph', () => made.git('commit-graph', 'write', '--reachable')],
      ['a setting', () => made.git('config', 'core.commitGraph', 'false')],
      ['a multi-pack-index', () => made.git('multi-pack-index', 'write')],
      [
        'an alternate',
        async () => {
          const other = await makeRepository(join(folder.path, 'b.git'), { seed: 7 });
          writeFileSync(join(made.path, 'objects/info/alternates'), `${other.path}/objects\n`);
        },
      ],
    ];
    for (const [what, change] of changes) {
      await change();
      const next = objectsOf();
      expect(next, what).not.toBe(last);
      expect(objectsOf(), what).toBe(next);
      last = next;
    }
    cache.close();
  });

  test('a request keeps its objects while the packs are replaced under it', async () => {
    await using folder = await makeTemporaryFolder();
    const made = await makeRepository(join(folder.path, 'a.git'), { commits: 30 });
    await made.git('repack', '-adq');
    const cache = makeCache();
    const tip = (await made.resolve('main')) as ObjectId;
    const old = cache.acquire(made.path);
    const oldObjects = old.repository.objects;
    await made.commit('refs/heads/main');
    await made.git('repack', '-adfq', '--depth=3');
    const young = cache.acquire(made.path);
    expect(young.repository.objects).not.toBe(oldObjects);
    expect(oldObjects.read(oldObjects.numberOf(tip)).type).toBe('commit');
    expect(young.repository.objects.read(young.repository.objects.numberOf(tip)).type).toBe('commit');
    old.release();
    expect(() => old.repository.objects).toThrow('released');
    young.release();
    cache.close();
  });

  test('idle ones are closed when there are too many, and nothing is left of all in the end', async () => {
    await using folder = await makeTemporaryFolder();
    const kernel = openKernel();
    const cache = new RepositoryCache({ kernel, env: process.env, baseBytes: 1024 * 1024, maxIdle: 2 });
    const repositories: TestRepository[] = [];
    for (let index = 0; index < 5; index++) {
      const made = await makeRepository(join(folder.path, `${index}.git`), { seed: index + 1 });
      await made.git('repack', '-adq');
      repositories.push(made);
    }
    const used: number[] = [];
    for (let round = 0; round < 6; round++) {
      for (const { path } of repositories) {
        using(cache, path, ({ objects }) => {
          expect(objects.packedCount).toBeGreaterThan(5);
        });
      }
      used.push(kernel.memory.usedBytes);
    }
    expect(new Set(used).size).toBe(1);
    const descriptors = readdirSync('/proc/self/fd').length;
    for (const { path } of repositories) using(cache, path, ({ objects }) => objects);
    expect(readdirSync('/proc/self/fd').length).toBe(descriptors);
    cache.close();
    expect(readdirSync('/proc/self/fd').length).toBeLessThan(descriptors);
  });
});

describe('commit-graphs are not used where parents are not what they say', () => {
  test('in a shallow repository, and with grafts', async () => {
    await using folder = await makeTemporaryFolder();
    const made = await makeRepository(join(folder.path, 'a.git'), { commits: 6 });
    await made.git('commit-graph', 'write', '--reachable');
    const cache = makeCache();
    const hasGraph = (): boolean => using(cache, made.path, ({ objects }) => objects.commitGraph !== undefined);
    expect(hasGraph()).toBe(true);
    const commit = await made.resolve('main~2');
    writeFileSync(join(made.path, 'shallow'), `${commit}\n`);
    expect(hasGraph()).toBe(false);
    writeFileSync(join(made.path, 'shallow'), '');
    expect(hasGraph()).toBe(true);
    mkdirSync(join(made.path, 'info'), { recursive: true });
    writeFileSync(join(made.path, 'info/grafts'), `${commit}\n`);
    expect(hasGraph()).toBe(false);
    cache.close();
  });
});

test('a worktree shares the objects of its repository', async () => {
  await using folder = await makeTemporaryFolder();
  const made = await makeRepository(join(folder.path, 'a.git'), { branches: 1 });
  await made.git('worktree', 'add', '-q', join(folder.path, 'tree'), 'topic-1');
  const cache = makeCache();
  const [tree, main] = [cache.acquire(join(folder.path, 'tree')), cache.acquire(made.path)];
  expect(tree.repository.commonDir).toBe(main.repository.commonDir);
  expect(tree.repository.gitDir).not.toBe(main.repository.gitDir);
  expect(tree.repository.objects).toBe(main.repository.objects);
  tree.release();
  expect(main.repository.objects.numberOf((await made.resolve('main')) as ObjectId)).toBeGreaterThanOrEqual(0);
  main.release();
  cache.close();
});

test('a partial clone is one', async () => {
  await using folder = await makeTemporaryFolder();
  const made = await makeRepository(join(folder.path, 'a.git'));
  await made.configure('uploadpack.allowFilter', 'true');
  const path = join(folder.path, 'partial.git');
  await runGit(['clone', '-q', '--bare', '--filter=blob:none', `file://${made.path}`, path]);
  const cache = makeCache();
  expect(using(cache, path, ({ objects }) => objects.isPartial)).toBe(true);
  expect(using(cache, made.path, ({ objects }) => objects.isPartial)).toBe(false);
  cache.close();
});

test('alternates that lead in a circle are followed once', async () => {
  await using folder = await makeTemporaryFolder();
  const [a, b] = [
    await makeRepository(join(folder.path, 'a.git')),
    await makeRepository(join(folder.path, 'b.git'), { seed: 2 }),
  ];
  for (const [from, to] of [
    [a, b],
    [b, a],
    [b, b],
  ] as const) {
    appendFileSync(join(from.path, 'objects/info/alternates'), `${to.path}/objects\n`);
  }
  const cache = makeCache();
  const tips = [(await a.resolve('main')) as ObjectId, (await b.resolve('main')) as ObjectId];
  for (const { path } of [a, b]) {
    expect(using(cache, path, ({ objects }) => tips.every((tip) => objects.numberOf(tip) >= 0))).toBe(true);
  }
  cache.close();
});

test('an index that cannot be read is an error that leaves nothing behind', async () => {
  await using folder = await makeTemporaryFolder();
  const made = await makeRepository(join(folder.path, 'a.git'), { commits: 20 });
  await made.git('repack', '-adq');
  const packs = join(made.path, 'objects/pack');
  mkdirSync(join(packs, 'pack-folder.idx'));
  writeFileSync(join(packs, 'pack-folder.pack'), '');
  const kernel = openKernel();
  const cache = new RepositoryCache({ kernel, env: process.env, baseBytes: 1024 * 1024 });
  const open = (): void => {
    expect(() => using(cache, made.path, ({ objects }) => objects)).toThrow(
      expect.objectContaining({ code: 'GM_SYSTEM' }) as Error,
    );
  };
  open();
  const used = kernel.memory.usedBytes;
  const descriptors = readdirSync('/proc/self/fd').length;
  open();
  expect(kernel.memory.usedBytes).toBe(used);
  expect(readdirSync('/proc/self/fd').length).toBe(descriptors);
  cache.close();
});
