/**
 * What serving has to reach, both backends behind the same HTTP front in one run: `npm run bench -- serve`. See
 * docs/benchmarks.md.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { corpusNames } from './corpus/corpus.ts';
import { readEnvironment } from './environment.ts';
import { copyCorpus, copyReal } from './provide-repository.ts';
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
    const copy = await copyCorpus(root, name);
    if (corpus.includes(name)) names.push(copy);
  }
  for (const repo of values.repo) names.push(await copyReal(root, repo));
  return names;
}

function readCount(text: string): number {
  const count = Number(text);
  if (Number.isSafeInteger(count) && count > 0) return count;
  throw new Error(`--runs takes a whole number above 0, not ${text}\n\n${usage}`);
}
