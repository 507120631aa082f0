import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runGit } from '../../test/repositories/run-git.ts';
import { makeTemporaryFolder } from '../../test/repositories/temporary-folder.ts';
import { askUploadPack } from '../../test/walk/git-shallow.ts';
import { openWalk } from '../../test/walk/open-walk.ts';
import { makeRandomHistory, randomNumbers } from '../../test/walk/random-history.ts';
import { CommonHaves, isReachableFrom, peelToCommit } from './reachability.ts';

const { signal } = new AbortController();

function picker(seed: number): (names: readonly string[], most: number) => string[] {
  const random = randomNumbers(seed);
  return (names, most) => [
    ...new Set(
      Array.from({ length: 1 + Math.floor(random() * most) }, () => names[Math.floor(random() * names.length)] ?? ''),
    ),
  ];
}

describe('ready', () => {
  test.each([1, 2])('is said when git-upload-pack says it, seed %i', async (seed) => {
    await using folder = await makeTemporaryFolder();
    const { repository, commits, tags } = await makeRandomHistory(join(folder.path, 'a.git'), seed);
    using walk = await openWalk(repository);
    const pick = picker(seed);
    let readies = 0;
    for (let round = 0; round < 30; round++) {
      const wants = pick([...commits, ...tags], 3);
      const haves = pick([...commits, ...tags], 3);
      const lines = [...wants.map((oid) => `want ${oid}`), ...haves.map((oid) => `have ${oid}`)];
      const theirs = (await askUploadPack(repository, lines)).get('acknowledgments')?.includes('ready') === true;
      const common = new CommonHaves(walk.table);
      for (const oid of haves) common.add(walk.number(oid));
      const numbers = wants.map((oid) => walk.number(oid));
      expect(await common.okToGiveUp(numbers, signal), lines.join('\n')).toBe(theirs);
      expect(await common.okToGiveUp(numbers, signal)).toBe(theirs);
      if (theirs) readies++;
    }
    expect(readies).toBeGreaterThan(3);
    expect(readies).toBeLessThan(27);
  });

  test('takes a parent of a have as known, and never stands without haves', async () => {
    await using folder = await makeTemporaryFolder();
    const { repository } = await makeRandomHistory(join(folder.path, 'a.git'), 3, { commits: 1 });
    const first = await repository.resolve('b1');
    const second = await repository.commit('refs/heads/b1');
    using walk = await openWalk(repository);
    const common = new CommonHaves(walk.table);
    expect(await common.okToGiveUp([walk.number(second)], signal)).toBe(false);
    expect(common.add(walk.number(second))).toBe(true);
    expect(common.add(walk.number(second))).toBe(false);
    expect(common.add(walk.number(first))).toBe(false);
    expect(walk.oids(common.numbers)).toEqual([second]);
    expect(await common.okToGiveUp([walk.number(second)], signal)).toBe(true);
  });
});

test('reachable is what rev-list finds nothing new for', async () => {
  await using folder = await makeTemporaryFolder();
  const { repository, commits, tags } = await makeRandomHistory(join(folder.path, 'a.git'), 5);
  using walk = await openWalk(repository);
  const pick = picker(5);
  for (let round = 0; round < 30; round++) {
    const tips = pick([...commits, ...tags], 5);
    const targets = pick([...commits, ...tags], 2);
    const input = [...tips.map((oid) => `^${oid}`), ...targets].join('\n');
    const theirs = (await runGit(['rev-list', '--stdin'], { cwd: repository.path, input: `${input}\n` })) === '';
    const numbers = (oids: readonly string[]): number[] => oids.map((oid) => walk.number(oid));
    const { repository: opened, table } = walk;
    expect(await isReachableFrom(opened, table, numbers(tips), numbers(targets), signal), input).toBe(theirs);
  }
});

test('tags are peeled to commits, where there are any', async () => {
  await using folder = await makeTemporaryFolder();
  const { repository, commits } = await makeRandomHistory(join(folder.path, 'a.git'), 6, { commits: 4 });
  using walk = await openWalk(repository);
  for (const name of ['of-commit', 'of-tag']) {
    expect(walk.oids([peelToCommit(walk.objects, walk.number(await repository.resolve(name)))])).toEqual([commits[2]]);
  }
  expect(peelToCommit(walk.objects, walk.number(await repository.resolve('of-tree')))).toBe(-1);
});
