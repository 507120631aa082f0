import { cp, readdir, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { generateManyRefs } from '../generate.ts';
import { git } from '../git.ts';
import { say } from '../stage.ts';
import type { Sample } from '../statistics.ts';
import type { Backend } from './measured-server.ts';
import { replayRequests } from './replay-requests.ts';
import type { Preparation, ServeBench } from './serve-bench.ts';
import { rowsOf, type Goal, type ServeRow } from './serve-rows.ts';

/** Measures one thing on one repository. */
export type ServeScenario = (bench: ServeBench, name: string) => Promise<readonly ServeRow[]>;

const manyRefs = 50_000;
const others = 'tiny.git';
const largerOther = 'history-shallow.git';
const clone = ['clone', '--quiet', '--bare', 'URL', 'CLIENT'];
const ratio = (must: number, aim: number): Goal => ({ of: 'ratio', must, aim });
/** From so many objects on what a process takes for itself is no longer most of its memory. */
const largeObjects = 300_000;

/** A server that has served others before, but not what is measured. */
async function othersFirst(bench: ServeBench): Promise<Preparation> {
  const [small, larger] = [await bench.record(others, clone), await bench.record(largerOther, clone)];
  return { warmUp: [small, larger, small, larger] };
}

/** The repository without its bitmap, under a name of its own. */
async function withoutBitmaps(bench: ServeBench, name: string): Promise<string> {
  const plain = name.replace(/\.git$/, '-plain.git');
  const path = join(bench.root, plain);
  if (existsSync(path)) return plain;
  say(`copying ${name} without bitmaps`);
  await cp(join(bench.root, name), path, { recursive: true, dereference: true });
  const packs = join(path, 'objects', 'pack');
  for (const file of await readdir(packs)) if (file.endsWith('.bitmap')) await rm(join(packs, file), { force: true });
  return plain;
}

async function fullClone(bench: ServeBench, name: string, what: string, goal: Goal): Promise<readonly ServeRow[]> {
  const requests = await bench.record(name, clone);
  const preparation = await othersFirst(bench);
  const runs = await bench.fresh(`${name}: ${what}`, requests, preparation);
  const cold = await bench.fresh(`${name}: ${what}, cold`, requests, { warmUp: [] });
  const isLarge = (await countObjects(join(bench.root, name))) >= largeObjects;
  return [
    ...rowsOf(name, what, runs, ['wall', 'firstByte', 'negotiation', 'cpu', 'rss', 'pack'], {
      wall: goal,
      ...(isLarge ? { rss: { of: 'ratio', must: 1.3 } } : {}),
      pack: { of: 'ratio', must: 1.1 },
    }),
    ...rowsOf(name, `${what}, server just started`, cold, ['wall']),
  ];
}

/** All of them, by name. */
export const serveScenarios: Readonly<Record<string, ServeScenario>> = {
  'clone-plain': async (bench, name) =>
    fullClone(bench, await withoutBitmaps(bench, name), 'full clone, first time, no bitmaps', ratio(1.2, 0.6)),
  'clone-bitmaps': async (bench, name) => fullClone(bench, name, 'full clone, first time, bitmaps', ratio(1.2, 0.8)),
  'one-core': async (bench, name) => {
    const requests = await bench.record(name, clone);
    const preparation = { ...(await othersFirst(bench)), oneCore: true };
    const runs = await bench.fresh(`${name}: one core`, requests, preparation);
    return rowsOf(name, 'full clone, first time, bitmaps, one core', runs, ['wall', 'cpu']);
  },
  'clone-again': async (bench, name) => {
    const requests = await bench.record(name, clone);
    const runs = await bench.warm(`${name}: the same clone again`, requests, { warmUp: [] });
    return rowsOf(name, 'the same clone again', runs, ['cpu', 'wall', 'firstByte'], { cpu: ratio(0.3, 0.1) });
  },
  'clone-at-once': async (bench, name) => {
    const requests = await bench.record(name, clone);
    const runs = await bench.atOnce(`${name}: 8 clones at once`, requests, 8, await othersFirst(bench));
    return rowsOf(name, '8 clones at once', runs, ['cpu', 'wall', 'rss'], { cpu: ratio(0.3, 0.1) });
  },
  'real-clone': async (bench, name) => {
    const runs = await bench.realClone(`${name}: git clone`, name, await othersFirst(bench));
    return rowsOf(name, 'git clone --bare, its own time', runs, ['wall']);
  },
  incremental: async (bench, name) => {
    const rows: ServeRow[] = [];
    for (const commits of [1, 10, 100]) {
      const requests = await bench.recordIncremental(name, commits);
      const what = `fetch of ${commits} commit${commits === 1 ? '' : 's'}`;
      const runs = await bench.warm(`${name}: ${what}`, requests, { warmUp: [], cacheBytes: 0 }, bench.runs * 3);
      rows.push(...rowsOf(name, what, runs, ['wall', 'cpu'], { wall: ratio(1.2, 0.7) }));
    }
    return rows;
  },
  shallow: (bench, name) => warmFetch(bench, name, 'depth 1', ['--depth=1']),
  'blob-none': (bench, name) => warmFetch(bench, name, 'blob:none', ['--filter=blob:none']),
  handshake: async (bench, name) => {
    const requests = (await bench.record(name, ['ls-remote', 'URL', 'HEAD'])).slice(0, 1);
    const runs = await bench.warm(`${name}: handshake`, requests, { warmUp: [] }, bench.runs * 10);
    return rowsOf(name, 'handshake alone', runs, ['wall']);
  },
  'ls-refs': async (bench) => {
    const name = `refs-${manyRefs}.git`;
    await generateManyRefs(join(bench.root, name), manyRefs);
    const requests = await bench.record(name, ['ls-remote', 'URL']);
    const runs = await bench.warm(`${name}: ls-refs`, requests, { warmUp: [] }, bench.runs * 3);
    return rowsOf(name, `ls-refs, ${manyRefs} refs`, runs, ['wall', 'cpu'], { wall: ratio(1.2, 0.5) });
  },
  latency: measureLatency,
  'rss-growth': measureGrowth,
};

/** Selecting and packing each time: the cache of packs is off. */
async function warmFetch(
  bench: ServeBench,
  name: string,
  what: string,
  words: readonly string[],
): Promise<readonly ServeRow[]> {
  const requests = await bench.record(name, ['clone', '--quiet', '--bare', ...words, 'URL', 'CLIENT']);
  const warm = await bench.warm(`${name}: ${what}`, requests, { warmUp: [], cacheBytes: 0 });
  const first = await bench.fresh(`${name}: ${what}, first time`, requests, await othersFirst(bench));
  return [
    ...rowsOf(name, what, warm, ['wall', 'cpu', 'pack'], { wall: ratio(1.2, 0.7), pack: { of: 'ratio', must: 1.1 } }),
    ...rowsOf(name, `${what}, first time`, first, ['wall', 'rss'], { wall: ratio(1.2, 0.7) }),
  ];
}

/** How long ls-refs of another repository takes while clones of this one run, one after the other. */
async function measureLatency(bench: ServeBench, name: string): Promise<readonly ServeRow[]> {
  const plain = await withoutBitmaps(bench, name);
  const requests = await bench.record(plain, clone);
  const listing = await bench.record(others, ['ls-remote', 'URL']);
  const values: Record<Backend, number[]> = { git: [], native: [] };
  for (const backend of ['git', 'native'] as const) {
    await using server = await bench.start(backend, { warmUp: [listing], cacheBytes: 0 });
    const over = new AbortController();
    const clones = (async () => {
      for (let index = 0; index < bench.runs; index += 1) await replayRequests(server.port, requests);
    })().finally(() => {
      over.abort();
    });
    while (!over.signal.aborted) {
      values[backend].push((await replayRequests(server.port, listing.slice(1))).wallMs);
      await delay(20);
    }
    await clones;
  }
  say(`${name}: ${values.native.length} times ls-refs meanwhile`);
  const at = (backend: Backend, share: number): Sample => {
    const sorted = values[backend].toSorted((left, right) => left - right);
    return { unit: 'ms', values: [sorted[Math.floor(sorted.length * share)] ?? Number.NaN] };
  };
  const what = 'ls-refs of another repository during full clones';
  return [
    { repository: name, what, figure: 'p50', git: at('git', 0.5), native: at('native', 0.5) },
    {
      repository: name,
      what,
      figure: 'p95',
      git: at('git', 0.95),
      native: at('native', 0.95),
      goal: { of: 'value', must: 50 },
    },
  ];
}

/** Memory of the server after 10 and after 100 clones, each of which selects and packs anew. */
async function measureGrowth(bench: ServeBench, name: string): Promise<readonly ServeRow[]> {
  const requests = await bench.record(name, clone);
  await using server = await bench.start('native', { warmUp: [], cacheBytes: 0 });
  const after = new Map<number, number>();
  for (let number = 1; number <= 100; number += 1) {
    await replayRequests(server.port, requests);
    if (number === 10 || number === 100) after.set(number, server.rssBytes);
  }
  const sample = (number: number): Sample => ({ unit: 'bytes', values: [after.get(number) ?? Number.NaN] });
  return [
    {
      repository: name,
      what: 'after 100 clones, against after 10',
      figure: 'RSS',
      git: sample(10),
      native: sample(100),
      goal: { of: 'ratio', must: 1.1 },
    },
  ];
}

/** Size of what is served, for the label. */
export async function describeRepository(path: string): Promise<string> {
  const bytes = Number(/^size-pack: (\d+)$/m.exec(await git('--git-dir', path, 'count-objects', '-v'))?.[1]) * 1024;
  return `${(await countObjects(path)).toLocaleString('en')} objects, ${(bytes / 1e6).toFixed(0)} MB`;
}

async function countObjects(path: string): Promise<number> {
  const text = await git('--git-dir', path, 'count-objects', '-v');
  const field = (key: string): number => Number(new RegExp(`^${key}: (\\d+)$`, 'm').exec(text)?.[1]);
  return field('in-pack') + field('count');
}
