import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runGit } from '../../../test/repositories/run-git.ts';
import { makeTemporaryFolder } from '../../../test/repositories/temporary-folder.ts';
import { createUnstableClient } from '../create-client.ts';
import { runBench } from './run-bench.ts';

async function makeSource(path: string, options: readonly string[] = []): Promise<void> {
  await runGit(['init', '--quiet', '--initial-branch=trunk', ...options, path]);
  for (const name of ['one', 'two', 'three']) {
    await runGit(['commit', '--quiet', '--allow-empty', '-m', name], { cwd: path });
  }
  await runGit(['tag', 'first', 'HEAD~2'], { cwd: path });
  await runGit(['tag', '-a', '-m', 'newest', 'last'], { cwd: path });
  await runGit(['branch', 'aside', 'HEAD~1'], { cwd: path });
}

test('every scenario is run against targets of its own, and nothing is left behind', async () => {
  await using folder = await makeTemporaryFolder();
  const source = join(folder.path, 'source');
  const targetsDir = join(folder.path, 'targets');
  await makeSource(source);
  const report = await runBench(createUnstableClient(), {
    source: { url: source },
    targetsDir,
    runs: 2,
    scope: { allRefs: true },
  });
  expect(report.sourceUrl).toBe(source);
  expect(report.git).toMatch(/^git version /);
  expect(report.scenarios.map(({ scenario }) => scenario)).toEqual(['bootstrap', 'noop', 'incremental']);
  const [bootstrap, noop, incremental] = report.scenarios;
  for (const run of bootstrap?.runs ?? []) {
    expect(run).toMatchObject({ transferMode: 'bootstrap', counts: { applied: 4, skipped: 0 } });
    expect(run.packBytes).toBeGreaterThan(0);
  }
  for (const run of noop?.runs ?? []) {
    expect(run).toMatchObject({ transferMode: 'none', counts: { applied: 0, skipped: 4 }, packBytes: 0 });
  }
  for (const run of incremental?.runs ?? []) {
    // The branch was set back; the annotated tag of its tip had to go as well.
    expect(run).toMatchObject({ transferMode: 'incremental', counts: { applied: 2, skipped: 2 } });
    expect(run.packBytes).toBeGreaterThan(0);
    expect(run.packBytes).toBeLessThan(bootstrap?.runs[0]?.packBytes ?? 0);
  }
  for (const { runs, medianMillis, minMillis, maxMillis, peakRssBytes } of report.scenarios) {
    expect(new Set(runs.map(({ targetUrl }) => targetUrl)).size).toBe(2);
    expect(minMillis).toBeGreaterThan(0);
    expect(minMillis).toBeLessThanOrEqual(medianMillis);
    expect(medianMillis).toBeLessThanOrEqual(maxMillis);
    expect(peakRssBytes).toBeGreaterThan(0);
  }
  expect(await readdir(targetsDir)).toEqual([]);
});

test('only what was asked for is reported, and targets are kept on request', async () => {
  await using folder = await makeTemporaryFolder();
  const source = join(folder.path, 'source');
  await makeSource(source);
  const report = await runBench(createUnstableClient(), {
    source: { url: source },
    targetsDir: folder.path,
    keepTargets: true,
    runs: 1,
    scenarios: ['incremental'],
    commits: 2,
    scope: { branches: ['trunk'] },
  });
  expect(report.scenarios.map(({ scenario }) => scenario)).toEqual(['incremental']);
  const [run] = report.scenarios[0]?.runs ?? [];
  expect(run).toMatchObject({ transferMode: 'incremental', counts: { applied: 1, skipped: 0 } });
  const tips = [source, run?.targetUrl ?? ''].map((path) => runGit(['-C', path, 'rev-parse', 'refs/heads/trunk']));
  expect(await tips[1]).toBe(await tips[0]);
});

test('a sha256 source gets sha256 targets', async () => {
  await using folder = await makeTemporaryFolder();
  const source = join(folder.path, 'source');
  await makeSource(source, ['--object-format=sha256']);
  const report = await runBench(createUnstableClient(), { source: { url: source }, targetsDir: folder.path, runs: 1 });
  expect(report.scenarios[0]?.runs[0]?.counts.applied).toBe(2);
});

test('named targets take one run each and must have no refs', async () => {
  await using folder = await makeTemporaryFolder();
  const source = join(folder.path, 'source');
  await makeSource(source);
  const targets = ['one.git', 'two.git'].map((name) => ({ url: join(folder.path, name) }));
  for (const { url } of targets) await runGit(['init', '--quiet', '--bare', url]);
  const client = createUnstableClient();
  const report = await runBench(client, { source: { url: source }, targets });
  expect(report.git).toBe('');
  expect(report.scenarios.map(({ scenario, runs }) => [scenario, runs.map(({ targetUrl }) => targetUrl)])).toEqual([
    ['bootstrap', targets.map(({ url }) => url)],
    ['noop', targets.map(({ url }) => url)],
  ]);
  await expect(runBench(client, { source: { url: source }, targets })).rejects.toMatchObject({ code: 'GM_USAGE' });
});

test('a history too short for an incremental sync is an error only when that was asked for', async () => {
  await using folder = await makeTemporaryFolder();
  const source = join(folder.path, 'source');
  const targetsDir = join(folder.path, 'targets');
  await makeSource(source);
  const client = createUnstableClient();
  const request = { source: { url: source }, targetsDir, runs: 1, commits: 3 };
  await expect(runBench(client, { ...request, scenarios: ['incremental'] })).rejects.toMatchObject({
    code: 'GM_USAGE',
    details: { field: 'scenarios' },
  });
  expect(await readdir(targetsDir)).toEqual([]);
  const report = await runBench(client, request);
  expect(report.scenarios.map(({ scenario }) => scenario)).toEqual(['bootstrap', 'noop']);
});

test('an abort ends it with the reason of the signal', async () => {
  await using folder = await makeTemporaryFolder();
  const source = join(folder.path, 'source');
  const targetsDir = join(folder.path, 'targets');
  await makeSource(source);
  const controller = new AbortController();
  const reason = new Error('enough');
  const bench = runBench(
    createUnstableClient(),
    { source: { url: source }, targetsDir, runs: 1000 },
    {
      signal: controller.signal,
      onProgress: (event) => {
        if (event.type === 'ref') controller.abort(reason);
      },
    },
  );
  await expect(bench).rejects.toBe(reason);
  expect(await readdir(targetsDir)).toEqual([]);
});

test.each([
  [{ runs: 0 }, 'runs'],
  [{ runs: 1.5 }, 'runs'],
  [{ commits: 0 }, 'commits'],
  [{ scenarios: [] }, 'scenarios'],
  [{ targets: [{ url: '/x' }], runs: 2 }, 'targets'],
  [{ targets: [{ url: '/x' }], targetsDir: '/y' }, 'targetsDir'],
  [{ targets: [{ url: '/x' }], scenarios: ['incremental' as const] }, 'scenarios'],
])('%j is refused before anything is asked', async (fields, field) => {
  const client = createUnstableClient();
  const bench = runBench(client, { source: { url: '/nowhere' }, ...fields });
  await expect(bench).rejects.toMatchObject({ code: 'GM_USAGE', details: { field } });
});
