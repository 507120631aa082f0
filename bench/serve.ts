/**
 * What serving has to reach, both backends behind the same HTTP front in one run: `npm run bench -- serve`. See
 * docs/benchmarks.md.
 */
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { corpusNames, makeCorpus, type CorpusName } from './corpus/corpus.ts';
import { readEnvironment } from './environment.ts';
import { git } from './git.ts';
import { describeRepository, serveScenarios } from './serve/scenarios.ts';
import { ServeBench } from './serve/serve-bench.ts';
import { judgeRow, renderServeRows, type ServeRow } from './serve/serve-rows.ts';
import { say } from './stage.ts';

const usage = `npm run bench -- serve [options]

  --corpus NAME     a made repository: ${corpusNames.join(', ')}; repeatable (default medium and large)
  --repo PATH       also a real repository, its branches and tags; repeatable
  --scenario NAME   only this; repeatable: ${Object.keys(serveScenarios).join(', ')}
  --runs N          how often each thing is measured (default 5)
  --work-dir PATH   keep the prepared repositories there for the next time
  --json FILE       write all values to a file`;

const { values } = parseArgs({
  options: {
    corpus: { type: 'string', multiple: true },
    repo: { type: 'string', multiple: true, default: [] },
    scenario: { type: 'string', multiple: true, default: Object.keys(serveScenarios) },
    runs: { type: 'string', default: '5' },
    'work-dir': { type: 'string' },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

/** Measured once, whatever is served besides. */
const onlyOnce = new Set(['ls-refs', 'rss-growth']);

if (values.help) console.log(usage);
else await measure();

async function measure(): Promise<void> {
  const runs = readCount(values.runs);
  const unknown = values.scenario.find((name) => serveScenarios[name] === undefined);
  if (unknown !== undefined) throw new Error(`there is no scenario ${unknown}\n\n${usage}`);
  const environment = await readEnvironment(undefined);
  const kept = values['work-dir'];
  const root = kept === undefined ? await mkdtemp(join(tmpdir(), 'git-mirror-bench-')) : resolve(kept);
  await mkdir(root, { recursive: true });
  try {
    const names = await provideRepositories(root, values.corpus ?? (values.repo.length > 0 ? [] : ['medium', 'large']));
    const bench = new ServeBench(root, runs);
    const rows: ServeRow[] = [];
    for (const scenario of values.scenario) {
      const measured = onlyOnce.has(scenario) ? names.slice(0, 1) : names;
      for (const name of measured) {
        try {
          rows.push(...((await serveScenarios[scenario]?.(bench, name)) ?? []));
        } catch (error) {
          // What has been measured before is not lost for it.
          process.exitCode = 1;
          say(`${name}: ${scenario} failed: ${String(error).slice(0, 500)}`);
        }
      }
    }
    const judged = rows.map(judgeRow);
    const loadAfter = loadavg()[0] ?? Number.NaN;
    console.log(renderServeRows(judged));
    for (const name of names) console.log(`${name}: ${await describeRepository(join(root, name))}`);
    console.log(
      `git-mirror ${environment.gitMirror} (${environment.commit}), Node ${environment.node}, ${environment.git}; ` +
        `${environment.cores} × ${environment.processor}, ${environment.system}; medians of ${runs} runs; ` +
        `load ${environment.loadBefore.toFixed(1)} before, ${loadAfter.toFixed(1)} after`,
    );
    if (values.json !== undefined) {
      await writeFile(values.json, `${JSON.stringify({ environment, loadAfter, runs, rows: judged }, undefined, 2)}\n`);
    }
  } finally {
    if (kept === undefined) await rm(root, { recursive: true, force: true });
  }
}

/** Puts the repositories that are asked for into the folder that is served. Returns their names. */
async function provideRepositories(root: string, corpus: readonly string[]): Promise<readonly string[]> {
  const names: string[] = [];
  // Two that others are measured after, or beside.
  const helpers = ['tiny', 'history-shallow'];
  for (const name of new Set([...helpers, ...corpus])) {
    if (!corpusNames.some((known) => known === name)) throw new Error(`there is no corpus ${name}\n\n${usage}`);
    say(`making ${name}, unless it is there`);
    const path = await makeCorpus(name as CorpusName);
    // Links that lead out of the folder are not served; what is borrowed from is beside the borrower.
    for (const each of name === 'alt-odb' ? ['alt-odb', 'alt-odb-base'] : [name]) {
      const copy = join(root, `${each}.git`);
      if (!existsSync(copy)) await cp(join(dirname(path), `${each}.git`), copy, { recursive: true });
    }
    if (corpus.includes(name)) names.push(`${name}.git`);
  }
  for (const repo of values.repo) names.push(await copyReal(root, repo));
  return names;
}

/** A copy of the branches and tags of a real repository, packed as `git gc` leaves a bare one. */
async function copyReal(root: string, repo: string): Promise<string> {
  const name = `real-${basename(resolve(repo)).replace(/\.git$/, '')}.git`;
  const path = join(root, name);
  if (existsSync(path)) return name;
  say(`copying ${repo}`);
  const partial = `${path}.partial`;
  await rm(partial, { recursive: true, force: true });
  await git('init', '--quiet', '--bare', partial);
  const refspecs = ['refs/heads/*:refs/heads/*', 'refs/tags/*:refs/tags/*'];
  await git('--git-dir', partial, 'fetch', '--quiet', '--no-tags', resolve(repo), ...refspecs);
  const head = (await git('--git-dir', resolve(repo), 'symbolic-ref', 'HEAD').catch(() => '')).trim();
  if (head !== '') await git('--git-dir', partial, 'symbolic-ref', 'HEAD', head);
  for (const setting of ['uploadpack.allowFilter', 'uploadpack.allowAnySHA1InWant']) {
    await git('--git-dir', partial, 'config', setting, 'true');
  }
  await git('--git-dir', partial, 'config', 'gc.auto', '0');
  await git('--git-dir', partial, 'gc', '--quiet');
  await git('--git-dir', partial, 'commit-graph', 'write', '--reachable', '--no-progress');
  await rename(partial, path);
  return name;
}

function readCount(text: string): number {
  const count = Number(text);
  if (Number.isSafeInteger(count) && count > 0) return count;
  throw new Error(`--runs takes a whole number above 0, not ${text}\n\n${usage}`);
}
