import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeTemporaryFolder } from '../../test/repositories/temporary-folder.ts';
import { askUploadPack } from '../../test/walk/git-shallow.ts';
import { openWalk, type OpenWalk } from '../../test/walk/open-walk.ts';
import { makeRandomHistory, randomNumbers, type RandomHistory } from '../../test/walk/random-history.ts';
import { messageOf } from '../core/error.ts';
import { computeShallow, infiniteDepth } from './shallow-boundary.ts';

interface Deepening {
  readonly wants: readonly string[];
  readonly clientShallow: readonly string[];
  readonly deepen?: number;
  readonly deepenRelative?: boolean;
  readonly deepenSince?: number;
  /** Names of branches. */
  readonly deepenNot?: readonly string[];
}

function randomDeepenings({ commits, tags }: RandomHistory, seed: number, count: number): Deepening[] {
  const random = randomNumbers(seed);
  const below = (limit: number): number => Math.floor(random() * limit);
  const pick = (names: readonly string[], most: number): string[] => [
    ...new Set(Array.from({ length: 1 + below(most) }, () => names[below(names.length)] ?? '')),
  ];
  return Array.from({ length: count }, (): Deepening => {
    const wants = pick([...commits, ...tags], 3);
    const clientShallow = below(2) === 0 ? pick(commits, 3) : [];
    const kind = below(6);
    if (kind < 2) return { wants, clientShallow, deepen: 1 + below(8) };
    if (kind === 2) return { wants, clientShallow, deepen: infiniteDepth };
    if (kind === 3) return { wants, clientShallow, deepenSince: 1_700_000_000 + below(500) };
    if (kind === 4) {
      return {
        wants,
        clientShallow,
        deepenNot: pick(
          commits.map((_, index) => `refs/heads/b${index + 1}`),
          2,
        ),
      };
    }
    // With several ends git takes them in the order of a hash table.
    return { wants, clientShallow: pick(commits, 1), deepen: 1 + below(4), deepenRelative: true };
  });
}

async function gitLines({ repository }: RandomHistory, asked: Deepening): Promise<string> {
  const sections = await askUploadPack(repository, [
    ...asked.wants.map((oid) => `want ${oid}`),
    ...asked.clientShallow.map((oid) => `shallow ${oid}`),
    ...(asked.deepen === undefined ? [] : [`deepen ${asked.deepen}`]),
    ...(asked.deepenRelative === true ? ['deepen-relative'] : []),
    ...(asked.deepenSince === undefined ? [] : [`deepen-since ${asked.deepenSince}`]),
    ...(asked.deepenNot ?? []).map((name) => `deepen-not ${name}`),
    'done',
  ]).catch((error: unknown) => /fatal: (.*)/.exec(messageOf(error))?.[1] ?? 'failed');
  return typeof sections === 'string' ? sections : (sections.get('shallow-info') ?? []).join('\n');
}

async function ourLines(walk: OpenWalk, { repository }: RandomHistory, asked: Deepening): Promise<string> {
  const refs = await repository.refs();
  const numbers = (oids: readonly string[]): number[] => oids.map((oid) => walk.number(oid));
  const { deepen, deepenRelative, deepenSince, deepenNot } = asked;
  try {
    const { shallow, unshallow } = await computeShallow(
      walk.repository,
      walk.table,
      {
        wants: numbers(asked.wants),
        clientShallow: numbers(asked.clientShallow),
        deepen,
        deepenRelative,
        deepenSince,
        deepenNot: deepenNot && numbers(deepenNot.map((name) => refs.get(name) ?? '')),
        ourTips: () => numbers([...refs.values()]),
      },
      new AbortController().signal,
    );
    const lines = walk.oids(shallow).map((oid) => `shallow ${oid}`);
    return [...lines, ...walk.oids(unshallow).map((oid) => `unshallow ${oid}`)].join('\n');
  } catch (error) {
    return messageOf(error);
  }
}

describe('the lines of git-upload-pack, in its order', () => {
  test.each([
    [1, false],
    [2, false],
    [3, true],
  ])('seed %i, a server that is shallow itself: %j', async (seed, isShallow) => {
    await using folder = await makeTemporaryFolder();
    const history = await makeRandomHistory(join(folder.path, 'a.git'), seed);
    if (isShallow) {
      const cuts = history.commits.filter((_, index) => index % 11 === 5);
      await writeFile(join(folder.path, 'a.git', 'shallow'), `${cuts.join('\n')}\n`);
    }
    using walk = await openWalk(history.repository);
    for (const asked of randomDeepenings(history, seed, 25)) {
      expect(await ourLines(walk, history, asked), JSON.stringify(asked)).toBe(await gitLines(history, asked));
    }
  });
});

test('nothing is told when nothing is asked', async () => {
  await using folder = await makeTemporaryFolder();
  const history = await makeRandomHistory(join(folder.path, 'a.git'), 4, { commits: 3 });
  using walk = await openWalk(history.repository);
  expect(await ourLines(walk, history, { wants: history.commits, clientShallow: history.commits.slice(1) })).toBe('');
});
