/**
 * How fast objects are selected, against `git rev-list --objects` for the same ones, in one run.
 *
 *     node bench/walk.ts <repository> [--rounds=3]
 *
 * Each line is the best of the rounds; the first round of ours, which opens files and warms up, is shown as well. Git is
 * a process a round, as it is for each fetch that git-upload-pack serves. Processor time is what counts where other work
 * keeps the machine busy.
 *
 * Measured with Node 24 on two cores that other work kept busy, on git.git (409,826 objects, 310 MB, one pack), by
 * processor time in milliseconds:
 *
 * | what | objects | ours | the first time | git |
 * |---|---|---|---|---|
 * | everything | 409,826 | 2065 | 3015 | 4100 |
 * | everything, blob:none | 247,552 | 1643 | 2490 | 3630 |
 * | everything, tree:0 | 83,479 | 33 | 711 | 1350 |
 * | HEAD~1..HEAD, thin | 5 | 3 | 115 | < 10 |
 * | HEAD~10..HEAD, thin | 271 | 24 | 191 | 10 |
 * | HEAD~100..HEAD, thin | 2,705 | 99 | 187 | 30 |
 * | HEAD~1000..HEAD, thin | 21,637 | 316 | 657 | 390 |
 * | everything, bitmaps | 409,826 | 49 | 161 | 120 |
 * | everything, blob:none, bitmaps | 247,552 | 25 | 126 | 80 |
 * | everything, tree:0, bitmaps | 83,479 | 12 | 97 | 50 |
 * | HEAD~1..HEAD, thin, bitmaps | 5 | 1 | 82 | < 10 |
 * | HEAD~10..HEAD, thin, bitmaps | 271 | 2 | 95 | 10 |
 * | HEAD~100..HEAD, thin, bitmaps | 2,701 | 7 | 89 | 20 |
 * | HEAD~1000..HEAD, thin, bitmaps | 21,633 | 17 | 107 | 30 |
 */
import { RepositoryCache } from '../src/repository/open-repository.ts';
import { openKernel } from '../src/kernel/open-kernel.ts';
import { commitTableOf, numberForOid } from '../src/walk/commit-table.ts';
import type { ObjectId } from '../src/core/object-id.ts';
import { parseObjectFilter } from '../src/walk/parse-object-filter.ts';
import { selectObjects } from '../src/walk/select-objects.ts';
import { git } from './git.ts';
import { measureProcess } from './measure-process.ts';

/** One selection. */
interface Case {
  readonly name: string;
  readonly wants: readonly string[];
  readonly haves?: readonly string[];
  readonly filter?: string;
  readonly useBitmaps: boolean;
}

const path = process.argv.slice(2).find((argument) => !argument.startsWith('--'));
const rounds = Number(process.argv.find((argument) => argument.startsWith('--rounds='))?.slice(9) ?? 3);
if (path === undefined) throw new Error('usage: node bench/walk.ts <repository> [--rounds=3]');

async function casesOf(repository: string): Promise<Case[]> {
  const all = (await git('-C', repository, 'for-each-ref', '--format=%(objectname)')).trim().split('\n');
  const tip = await git('-C', repository, 'rev-parse', 'HEAD').then((text) => text.trim());
  const cases: Case[] = [];
  for (const useBitmaps of [false, true]) {
    cases.push({ name: 'everything', wants: all, useBitmaps });
    cases.push({ name: 'everything, blob:none', wants: all, filter: 'blob:none', useBitmaps });
    cases.push({ name: 'everything, tree:0', wants: all, filter: 'tree:0', useBitmaps });
    for (const count of [1, 10, 100, 1000]) {
      const have = await git('-C', repository, 'rev-parse', `HEAD~${count}`).then((text) => text.trim());
      cases.push({ name: `HEAD~${count}..HEAD, thin`, wants: [tip], haves: [have], useBitmaps });
    }
  }
  return cases;
}

/** Milliseconds of processor time of each round, and how many objects there were. */
async function measureOurs(repository: string, one: Case): Promise<{ times: number[]; count: number }> {
  const kernel = openKernel();
  const useBitmaps = String(one.useBitmaps);
  const env = {
    ...process.env,
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: 'pack.useBitmaps',
    GIT_CONFIG_VALUE_0: useBitmaps,
  };
  const cache = new RepositoryCache({ kernel, env });
  const times: number[] = [];
  let count = 0;
  for (let round = 0; round < rounds; round++) {
    const started = process.cpuUsage();
    const lease = cache.acquire(repository);
    const { objects } = lease.repository;
    const numbers = (oids: readonly string[] = []): number[] =>
      oids.map((oid) => numberForOid(objects, oid as ObjectId));
    const selection = await selectObjects(
      lease.repository,
      commitTableOf(lease.repository),
      {
        wants: numbers(one.wants),
        haves: numbers(one.haves),
        clientShallow: [],
        boundary: [],
        unshallowed: [],
        filter:
          one.filter === undefined
            ? undefined
            : parseObjectFilter(one.filter, { maxFilterLength: 99, maxFilterNesting: 1 }),
        includeTags: [],
        thin: true,
      },
      { signal: new AbortController().signal },
    );
    ({ count } = selection);
    lease.release();
    const { user, system } = process.cpuUsage(started);
    times.push((user + system) / 1000);
  }
  cache.close();
  return { times, count };
}

async function measureGit(repository: string, one: Case): Promise<number> {
  const words = [
    ...['-C', repository, 'rev-list', '--objects', '--no-object-names'],
    ...(one.useBitmaps ? ['--use-bitmap-index'] : []),
    ...(one.filter === undefined ? [] : [`--filter=${one.filter}`]),
    ...one.wants,
    ...(one.haves ?? []).map((oid) => `^${oid}`),
  ];
  let best = Infinity;
  for (let round = 0; round < rounds; round++) best = Math.min(best, (await measureProcess('git', words)).cpuMs);
  return best;
}

console.log('| what | objects | ours | the first time | git |\n|---|---|---|---|---|');
for (const one of await casesOf(path)) {
  const { times, count } = await measureOurs(path, one);
  const theirs = await measureGit(path, one);
  const name = `${one.name}${one.useBitmaps ? ', bitmaps' : ''}`;
  const [first = 0] = times;
  console.log(
    `| ${name} | ${count.toLocaleString('en')} | ${Math.min(...times).toFixed(0)} | ${first.toFixed(0)} | ${Number.isNaN(theirs) ? '< 10' : theirs.toFixed(0)} |`,
  );
}
