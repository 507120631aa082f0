/**
 * The figures that replication has to reach, as ratios within one run: `npm run bench -- replicate`. See
 * docs/benchmarks.md.
 */
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { measureAncestry } from './ancestry.ts';
import { readEnvironment } from './environment.ts';
import { generateRepository } from './generate.ts';
import { git } from './git.ts';
import { measureIncremental } from './incremental.ts';
import { measureManyRefs } from './many-refs.ts';
import { judge, renderRows, type BenchRow } from './rows.ts';
import { say, Stage } from './stage.ts';
import { growthRow, measureWholeRelay, relayRows, type Source } from './whole-relay.ts';

const usage = `npm run bench -- replicate [options]

  --runs N          how often each thing is measured (default 3)
  --objects N       objects of the larger generated repository (default 400000)
  --pack-bytes N    bytes of its pack (default 300000000); the smaller one has a tenth of both
  --refs N          refs of the repository with many of them (default 50000)
  --repo PATH       also relay a real repository, its branches and tags; repeatable
  --commits N       commits of the long history (default 1000000)
  --only LIST       some of relay,real,incremental,refs,ancestry (default: all)
  --work-dir PATH   keep the prepared repositories there for the next time
  --json FILE       write all values to a file

GIT_MIRROR_BENCH_GO_GIT_SYNC names a Go git-sync binary to be measured in the same table.`;

const parts = ['relay', 'real', 'incremental', 'refs', 'ancestry'] as const;
type Part = (typeof parts)[number];

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '3' },
    objects: { type: 'string', default: '400000' },
    'pack-bytes': { type: 'string', default: '300000000' },
    refs: { type: 'string', default: '50000' },
    commits: { type: 'string', default: '1000000' },
    repo: { type: 'string', multiple: true, default: [] },
    only: { type: 'string', default: parts.join(',') },
    'work-dir': { type: 'string' },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) console.log(usage);
else await measure();

async function measure(): Promise<void> {
  const runs = readCount('runs', values.runs);
  const shape = {
    objects: readCount('objects', values.objects),
    packBytes: readCount('pack-bytes', values['pack-bytes']),
  };
  const chosen = readParts(values.only);
  const goGitSync = process.env['GIT_MIRROR_BENCH_GO_GIT_SYNC'] ?? undefined;
  const environment = await readEnvironment(goGitSync);
  const kept = values['work-dir'];
  const root = kept === undefined ? await mkdtemp(join(tmpdir(), 'git-mirror-bench-')) : resolve(kept);
  await mkdir(root, { recursive: true });
  const stage = await Stage.open(root, runs);
  try {
    const rows: BenchRow[] = [];
    const tenth = (count: number) => Math.ceil(count / 10);
    const small = await generated(stage, { objects: tenth(shape.objects), packBytes: tenth(shape.packBytes) });
    if (chosen.has('relay')) {
      const large = await generated(stage, shape);
      const smallCosts = await measureWholeRelay(stage, small, goGitSync);
      const largeCosts = await measureWholeRelay(stage, large, goGitSync);
      rows.push(...relayRows(largeCosts), ...relayRows(smallCosts), growthRow(largeCosts, smallCosts));
    }
    if (chosen.has('real')) {
      for (const repo of values.repo)
        rows.push(...relayRows(await measureWholeRelay(stage, await real(stage, repo), goGitSync)));
    }
    if (chosen.has('incremental')) rows.push(...(await measureIncremental(stage, small.name)));
    if (chosen.has('refs')) rows.push(...(await measureManyRefs(stage, readCount('refs', values.refs), goGitSync)));
    if (chosen.has('ancestry')) rows.push(...(await measureAncestry(stage, readCount('commits', values.commits))));

    const judged = rows.map(judge);
    const loadAfter = loadavg()[0] ?? Number.NaN;
    console.log(renderRows(judged));
    console.log(
      `git-mirror ${environment.gitMirror} (${environment.commit}), Node ${environment.node}, ${environment.git}` +
        `${environment.goGitSync === undefined ? '' : `, ${environment.goGitSync}`}; ${environment.cores} × ${environment.processor}, ` +
        `${environment.system}; medians of ${runs} runs; load ${environment.loadBefore.toFixed(1)} before, ${loadAfter.toFixed(1)} after`,
    );
    if (values.json !== undefined) {
      await writeFile(values.json, `${JSON.stringify({ environment, loadAfter, runs, rows: judged }, undefined, 2)}\n`);
    }
  } finally {
    await stage.close();
    if (kept === undefined) await rm(root, { recursive: true, force: true });
  }
}

async function generated(stage: Stage, shape: { objects: number; packBytes: number }): Promise<Source> {
  const name = `generated-${shape.objects}-${shape.packBytes}.git`;
  if (!existsSync(stage.path(name))) say(`generating ${name}`);
  await generateRepository(stage.path(name), shape);
  return { name, label: `a generated repository (${await describe(stage, name)})` };
}

/** A copy of the branches and tags of a real repository: what `git push --mirror` and an ordinary server agree on. */
async function real(stage: Stage, repo: string): Promise<Source> {
  const title = basename(resolve(repo), '.git');
  const name = `real-${title}.git`;
  const path = stage.path(name);
  if (!existsSync(path)) {
    say(`copying ${repo}`);
    const partial = `${path}.partial`;
    await rm(partial, { recursive: true, force: true });
    await git('init', '--quiet', '--bare', partial);
    const refspecs = ['refs/heads/*:refs/heads/*', 'refs/tags/*:refs/tags/*'];
    await git('--git-dir', partial, 'fetch', '--quiet', '--no-tags', resolve(repo), ...refspecs);
    await git('--git-dir', partial, 'gc', '--quiet');
    await rename(partial, path);
  }
  return { name, label: `${title} (${await describe(stage, name)})` };
}

async function describe(stage: Stage, name: string): Promise<string> {
  const text = await git('--git-dir', stage.path(name), 'count-objects', '-v');
  const field = (key: string) => Number(new RegExp(`^${key}: (\\d+)$`, 'm').exec(text)?.[1]);
  return `${field('in-pack').toLocaleString('en')} objects, ${((field('size-pack') * 1024) / 1e6).toFixed(0)} MB`;
}

function readCount(flag: string, text: string): number {
  const count = Number(text);
  if (Number.isSafeInteger(count) && count > 0) return count;
  throw new Error(`--${flag} takes a whole number above 0, not ${text}\n\n${usage}`);
}

function readParts(text: string): ReadonlySet<Part> {
  const names = text.split(',');
  const unknown = names.find((name) => !parts.some((part) => part === name));
  if (unknown !== undefined) throw new Error(`--only knows ${parts.join(', ')}, not ${unknown}`);
  return new Set(names as Part[]);
}
