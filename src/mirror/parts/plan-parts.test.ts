import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeTemporaryFolder } from '../../../test/repositories/temporary-folder.ts';
import { makeRandomHistory, randomNumbers } from '../../../test/walk/random-history.ts';
import type { ObjectId } from '../../core/object-id.ts';
import type { OriginRef } from '../bulk-fetch.ts';
import { adoptPlan } from './adopt-plan.ts';
import { havesOf } from './part-haves.ts';
import type { Part } from './part.ts';
import { hasEnoughTags, partCount, planParts } from './plan-parts.ts';

function oidOf(number: number): ObjectId {
  return number.toString(16).padStart(40, '0') as ObjectId;
}

function tagsNamed(...names: readonly string[]): readonly OriginRef[] {
  return names.map((name, index) => ({ name: `refs/tags/${name}`, oid: oidOf(index + 1) }));
}

function everything(refs: readonly OriginRef[]): ReadonlySet<ObjectId> {
  return new Set(refs.map(({ oid }) => oid));
}

test('M12: about four parts a mirror, within bounds', () => {
  expect([1, 2, 3, 5, 16, 100].map(partCount)).toEqual([8, 8, 12, 20, 64, 64]);
});

test('M12: tags of the largest family cut the history in the order of their versions', () => {
  const versions = Array.from({ length: 22 }, (_, index) => `v1.${String(index)}`);
  const refs = [
    ...tagsNamed(...versions.toReversed(), 'other-1', 'latest'),
    { name: 'refs/heads/main', oid: oidOf(99) },
  ];
  expect(hasEnoughTags(refs, [everything(refs)])).toBe(true);
  const parts = planParts({ wanted: refs, offers: [everything(refs)] });
  expect(parts).toHaveLength(8);
  const names = parts.map(({ tips }) => tips.map((tip) => refs.find(({ oid }) => oid === tip)?.name));
  expect(names.slice(0, -1).flat()).toEqual(versions.map((version) => `refs/tags/${version}`));
  expect(names.at(-1)).toEqual(['refs/tags/other-1', 'refs/tags/latest', 'refs/heads/main']);
});

test('M12: tips are grouped by who has them, and those that nobody has are left out', () => {
  const refs = [1, 2, 3, 4].map((number) => ({ name: `refs/heads/b${String(number)}`, oid: oidOf(number) }));
  const offers = [new Set([oidOf(1), oidOf(2)]), new Set([oidOf(1), oidOf(3)])];
  expect(hasEnoughTags(refs, offers)).toBe(false);
  expect(planParts({ wanted: refs, offers })).toEqual([
    { tips: [oidOf(1)] },
    { tips: [oidOf(2)] },
    { tips: [oidOf(3)] },
  ]);
  expect(planParts({ wanted: refs, offers: [] })).toEqual([]);
});

test('M12: haves are bounded, and the end of each part in front is among them', () => {
  const parts = Array.from({ length: 64 }, (_, part) => ({
    tips: Array.from({ length: 500 }, (_unused, tip) => oidOf(part * 1000 + tip)),
  }));
  const haves = havesOf(parts, 63, [oidOf(1_000_000)]);
  expect(haves.length).toBeLessThanOrEqual(1000);
  expect(haves).toContain(oidOf(1_000_000));
  for (const { tips } of parts.slice(0, 63)) expect(haves).toContain(tips.at(-1));
  expect(havesOf(parts, 0, [])).toEqual([]);
});

test('M12: an earlier plan goes on, from the first part on that nobody has anew', () => {
  const parts: readonly Part[] = [
    { tips: [oidOf(1)], pack: 'empty' },
    { tips: [oidOf(2)] },
    { tips: [oidOf(3)], pack: 'empty' },
  ];
  const wanted = [1, 2, 3, 4].map((number) => ({ name: `refs/heads/b${String(number)}`, oid: oidOf(number) }));
  const offers = [new Set([1, 3, 4].map(oidOf))];
  expect(adoptPlan(parts, { wanted, offers, canBeHad: () => true })).toEqual([...parts, { tips: [oidOf(4)] }]);
  expect(adoptPlan(parts, { wanted, offers, canBeHad: () => false })).toEqual([
    parts[0],
    { tips: [oidOf(3), oidOf(4)] },
  ]);
});

test.each([1, 2, 3, 4, 5, 6])(
  'M12: parts of history %i are everything together and have no commit in common, in any order of tags',
  async (seed) => {
    await using folder = await makeTemporaryFolder();
    const { repository, commits, tags } = await makeRandomHistory(join(folder.path, 'h.git'), seed, { commits: 60 });
    const random = randomNumbers(seed + 100);
    const heads = [...(await repository.refs())].map(([name, oid]) => ({ name, oid: oid as ObjectId }));
    // Versions that say nothing about the history.
    const versions = commits
      .filter(() => random() < 0.5)
      .map((oid) => ({ name: `refs/tags/v${String(Math.floor(random() * 1000))}`, oid: oid as ObjectId }));
    const wanted = [...heads, ...versions];
    const offers = [everything(wanted), new Set(wanted.filter(() => random() < 0.8).map(({ oid }) => oid))];
    const parts = planParts({ wanted, offers });
    expect(parts.length).toBeGreaterThan(4);
    expect(new Set(parts.flatMap(({ tips }) => tips))).toEqual(everything(wanted));

    const objects = new Set<string>();
    const seen: string[] = [];
    for (const [index, { tips }] of parts.entries()) {
      const ends = [...tips, '--not', ...havesOf(parts, index, [])];
      const lines = (await repository.git('rev-list', ...ends)).split('\n').filter((line) => line !== '');
      seen.push(...lines);
      const all = await repository.git('rev-list', '--objects', '--no-object-names', ...ends);
      for (const line of all.split('\n')) if (line !== '') objects.add(line);
    }
    expect(new Set(seen).size).toBe(seen.length);
    expect(new Set(seen)).toEqual(new Set(commits));
    const expected = await repository.git('rev-list', '--objects', '--no-object-names', '--all', ...tags);
    expect(objects).toEqual(new Set(expected.split('\n')));
  },
  120_000,
);
