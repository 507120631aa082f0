import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { mutate } from '../../../test/packs/mutate.ts';
import { makeRichRepository } from '../../../test/packs/rich-repository.ts';
import { FastImport } from '../../../test/repositories/fast-import.ts';
import { makeRepository } from '../../../test/repositories/make-repository.ts';
import { Repository } from '../../../test/repositories/repository.ts';
import { runGit } from '../../../test/repositories/run-git.ts';
import { makeTemporaryFolder } from '../../../test/repositories/temporary-folder.ts';
import { rawLength, type ObjectFormat } from '../../core/object-id.ts';
import { openKernel } from '../../kernel/open-kernel.ts';
import type { CommitGraph } from '../commit-graph.ts';
import type { FileCommitGraph } from './file-commit-graph.ts';
import { openCommitGraph } from './open-commit-graph.ts';

const kernel = openKernel();
const { memory } = kernel;
const name = memory.allocate(64);
const usedBefore = memory.usedBytes;

function open(
  repositories: readonly Repository[],
  format: ObjectFormat = 'sha1',
  useDates = true,
): FileCommitGraph | undefined {
  const objectDirectories = repositories.map(({ path }) => join(path, 'objects'));
  return openCommitGraph({ objectDirectories, format, kernel, useDates });
}

function nameAfter(format: ObjectFormat, copy: () => void): string {
  copy();
  return Buffer.from(memory.view(name, rawLength(format))).toString('hex');
}

/** Commits as `git log --format='%H %T %ct %P'` prints them. */
function describeCommit(graph: CommitGraph, oid: string, format: ObjectFormat): string {
  memory.bytes.set(Buffer.from(oid, 'hex'), name);
  const position = graph.find(name);
  if (position < 0) return `${oid} is not in the graph`;
  const nameAt = (at: number): string =>
    nameAfter(format, () => {
      graph.copyName(at, name);
    });
  const tree = nameAfter(format, () => {
    graph.copyTreeName(position, name);
  });
  const parents = [...graph.parents(position)];
  for (const parent of parents) expect(graph.generation(parent)).toBeLessThan(graph.generation(position));
  return [nameAt(position), tree, graph.commitTime(position), ...parents.map(nameAt)].join(' ');
}

async function expectAllCommits(graph: CommitGraph | undefined, repository: Repository, format: ObjectFormat = 'sha1') {
  if (graph === undefined) throw new Error('there is no commit-graph');
  const lines = (await repository.git('log', '--all', '--format=%H %T %ct %P')).split('\n').map((line) => line.trim());
  expect(lines.map((line) => describeCommit(graph, line.split(' ')[0] ?? '', format))).toEqual(lines);
  expect(graph.commitCount).toBe(lines.length);
}

describe('every commit is what git log says', () => {
  test.each<[ObjectFormat, string]>([
    ['sha1', '2'],
    ['sha1', '1'],
    ['sha256', '2'],
  ])('%s, generations of version %s', async (format, version) => {
    await using folder = await makeTemporaryFolder();
    const repository = await makeRichRepository(join(folder.path, 'a.git'), format);
    await repository.git(
      '-c',
      `commitGraph.generationVersion=${version}`,
      'commit-graph',
      'write',
      '--reachable',
      '--changed-paths',
    );
    const graph = open([repository], format);
    await expectAllCommits(graph, repository, format);
    graph?.close();
    const levels = open([repository], format, false);
    await expectAllCommits(levels, repository, format);
    levels?.close();
    expect(memory.usedBytes).toBe(usedBefore);
  });

  test('in a chain of files, part of it in the repository that objects are borrowed from', async () => {
    await using folder = await makeTemporaryFolder();
    const base = await makeRepository(join(folder.path, 'base.git'), { commits: 20, branches: 3, mergeEvery: 4 });
    const write = ['commit-graph', 'write', '--reachable', '--split=no-merge'];
    await base.git(...write);
    await base.commit('refs/heads/main');
    await base.git(...write);
    await runGit(['clone', '-q', '--bare', '--shared', base.path, join(folder.path, 'fork.git')]);
    const fork = new Repository(join(folder.path, 'fork.git'));
    await fork.commit('refs/heads/main');
    await fork.git(...write);
    expect(readdirSync(join(base.path, 'objects/info/commit-graphs'))).toHaveLength(3);
    const graph = open([fork, base]);
    await expectAllCommits(graph, fork);
    graph?.close();
    expect(memory.usedBytes).toBe(usedBefore);
  });

  test('dates that need 64 bits, and times beyond 2038', async () => {
    await using folder = await makeTemporaryFolder();
    const repository = await Repository.init(join(folder.path, 'a.git'));
    const stream = new FastImport(2 ** 33);
    const first = stream.commit({ ref: 'refs/heads/main' });
    const old = new FastImport(-1_600_000_000);
    await repository.import(stream);
    old.commit({ ref: 'refs/heads/main', from: await repository.resolve('main') });
    await repository.import(old);
    expect(first).toBe(':1');
    await repository.git('commit-graph', 'write', '--reachable');
    expect(readFileSync(join(repository.path, 'objects/info/commit-graph')).includes('GDO2')).toBe(true);
    const graph = open([repository]);
    await expectAllCommits(graph, repository);
    graph?.close();
  });
});

test('there is none in a repository without one', async () => {
  await using folder = await makeTemporaryFolder();
  expect(open([await makeRepository(join(folder.path, 'a.git'))])).toBeUndefined();
});

test('one of another format is not used', async () => {
  await using folder = await makeTemporaryFolder();
  const repository = await makeRepository(join(folder.path, 'a.git'));
  await repository.git('commit-graph', 'write', '--reachable');
  expect(open([repository], 'sha256')).toBeUndefined();
  expect(memory.usedBytes).toBe(usedBefore);
});

test('of a chain with a file that is gone, what lies below is used', async () => {
  await using folder = await makeTemporaryFolder();
  const repository = await makeRepository(join(folder.path, 'a.git'), { commits: 10 });
  await repository.git('commit-graph', 'write', '--reachable', '--split=no-merge');
  const chain = join(repository.path, 'objects/info/commit-graphs/commit-graph-chain');
  chmodSync(chain, 0o644);
  writeFileSync(chain, `${readFileSync(chain, 'latin1')}${'12'.repeat(20)}\n`);
  const graph = open([repository]);
  await expectAllCommits(graph, repository);
  graph?.close();
});

test('damaged files are not used, or are read within bounds', async () => {
  await using folder = await makeTemporaryFolder();
  const repository = await makeRichRepository(join(folder.path, 'a.git'));
  await repository.git('commit-graph', 'write', '--reachable');
  const path = join(repository.path, 'objects/info/commit-graph');
  const whole = readFileSync(path);
  chmodSync(path, 0o644);
  let refused = 0;
  for (let seed = 0; seed < 300; seed++) {
    writeFileSync(path, mutate(whole, seed));
    const graph = open([repository]);
    if (graph === undefined) {
      refused++;
      continue;
    }
    for (let position = 0; position < graph.commitCount; position++) {
      graph.copyName(position, name);
      graph.copyTreeName(position, name);
      graph.commitTime(position);
      graph.generation(position);
      expect(graph.parents(position).every((parent) => parent >= 0 && parent < graph.commitCount)).toBe(true);
    }
    graph.close();
  }
  expect(refused).toBeGreaterThan(100);
  expect(memory.usedBytes).toBe(usedBefore);
});
