/**
 * What mirrors have to reach for those who clone and fetch, beside git in the same run: `npm run bench -- mirror`. See
 * docs/benchmarks.md.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { corpusNames } from './corpus/corpus.ts';
import { readEnvironment } from './environment.ts';
import { MirrorStage } from './mirror/mirror-stage.ts';
import { mirrorScenarios, onceOnly } from './mirror/scenarios.ts';
import { copyCorpus, copyReal } from './provide-repository.ts';
import { judge, renderRows, type BenchRow } from './rows.ts';
import { describeRepository } from './serve/scenarios.ts';
import { say } from './stage.ts';

const usage = `npm run bench -- mirror [options]

  --corpus NAME     a made repository: ${corpusNames.join(', ')}; repeatable (default filter-heavy)
  --repo PATH       also a real repository, its branches and tags; repeatable
  --scenario NAME   only this; repeatable: ${Object.keys(mirrorScenarios).join(', ')}
  --runs N          how often each thing is measured (default 3; short ones five times as often)
  --work-dir PATH   keep the prepared repositories there for the next time
  --json FILE       write all values to a file`;

const { values } = parseArgs({
  options: {
    corpus: { type: 'string', multiple: true },
    repo: { type: 'string', multiple: true, default: [] },
    scenario: { type: 'string', multiple: true, default: Object.keys(mirrorScenarios) },
    runs: { type: 'string', default: '3' },
    'work-dir': { type: 'string' },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) console.log(usage);
else await measure();

async function measure(): Promise<void> {
  const runs = Number(values.runs);
  if (!Number.isSafeInteger(runs) || runs < 1) throw new Error(`--runs takes a whole number above 0\n\n${usage}`);
  const unknown = values.scenario.find((name) => mirrorScenarios[name] === undefined);
  if (unknown !== undefined) throw new Error(`there is no scenario ${unknown}\n\n${usage}`);
  const environment = await readEnvironment(undefined);
  const kept = values['work-dir'];
  const root = kept === undefined ? await mkdtemp(join(tmpdir(), 'git-mirror-bench-')) : resolve(kept);
  await mkdir(root, { recursive: true });
  const stage = await MirrorStage.open(root, runs);
  try {
    const names: string[] = [];
    const corpus = values.corpus ?? (values.repo.length > 0 ? [] : ['filter-heavy']);
    for (const name of corpus) names.push(await copyCorpus(root, name));
    for (const repo of values.repo) names.push(await copyReal(root, repo));
    const rows: BenchRow[] = [];
    for (const scenario of values.scenario) {
      for (const name of onceOnly.has(scenario) ? names.slice(0, 1) : names) {
        say(`${name}: ${scenario}`);
        try {
          rows.push(...((await mirrorScenarios[scenario]?.(stage, name)) ?? []));
        } catch (error) {
          // What has been measured before is not lost for it.
          process.exitCode = 1;
          say(`${name}: ${scenario} failed: ${String(error).slice(0, 500)}`);
        }
      }
    }
    const judged = rows.map(judge);
    const loadAfter = loadavg()[0] ?? Number.NaN;
    console.log(renderRows(judged));
    for (const name of names) console.log(`${name}: ${await describeRepository(join(root, name))}`);
    console.log(
      `git-mirror ${environment.gitMirror} (${environment.commit}), Node ${environment.node}, ${environment.git}; ` +
        `${String(environment.cores)} × ${environment.processor}, ${environment.system}; medians of ${String(runs)} runs; ` +
        `load ${environment.loadBefore.toFixed(1)} before, ${loadAfter.toFixed(1)} after`,
    );
    if (values.json !== undefined) {
      await writeFile(values.json, `${JSON.stringify({ environment, loadAfter, runs, rows: judged }, undefined, 2)}\n`);
    }
  } finally {
    await stage.close();
    if (kept === undefined) await rm(root, { recursive: true, force: true });
  }
}
