import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FakeHost } from '../../../test/cli/fake-host.ts';
import { runGit } from '../../../test/repositories/run-git.ts';
import { makeTemporaryFolder } from '../../../test/repositories/temporary-folder.ts';
import type { BenchReport } from '../../sync/bench/bench-report.ts';
import { createUnstableClient } from '../../sync/create-client.ts';

/** A host whose library is the real one. */
class BenchHost extends FakeHost {
  override env = process.env;
  override openClient: FakeHost['openClient'] = async (options) => createUnstableClient(options);
}

async function makeSource(path: string): Promise<void> {
  await runGit(['init', '--quiet', path]);
  for (const name of ['one', 'two']) await runGit(['commit', '--quiet', '--allow-empty', '-m', name], { cwd: path });
}

test('bench shows a table, and writes the report to standard output or to a file', async () => {
  await using folder = await makeTemporaryFolder();
  const source = join(folder.path, 'source');
  await makeSource(source);
  const targetsDir = join(folder.path, 'targets');
  const words = ['bench', '--runs', '2', '--targets-dir', targetsDir, source];
  const host = new BenchHost();
  const report = join(folder.path, 'report.json');
  expect(await host.run(...words, '--report', report)).toBe(0);
  expect(host.err).toBe('');
  expect(host.out).toMatch(/^SCENARIO +RUNS +MEDIAN/m);
  for (const scenario of ['bootstrap', 'noop', 'incremental']) {
    expect(host.out).toMatch(new RegExp(`^${scenario} +2 `, 'm'));
  }
  const written = JSON.parse(await readFile(report, 'utf8')) as BenchReport;
  expect(written.scenarios.map(({ runs }) => runs.length)).toEqual([2, 2, 2]);

  const quiet = new BenchHost();
  expect(await quiet.run(...words, '--scenario', 'bootstrap,noop', '--json')).toBe(0);
  const shown = JSON.parse(quiet.out) as BenchReport;
  expect(shown.scenarios.map(({ scenario }) => scenario)).toEqual(['bootstrap', 'noop']);
  expect(await readdir(targetsDir)).toEqual([]);
});

test('bench refuses what makes no sense as wrong usage', async () => {
  const host = new BenchHost();
  expect(await host.run('bench', '--scenario', 'everything', '/one.git')).toBe(2);
  expect(host.err).toContain('Scenarios are bootstrap, noop, incremental.');
  const other = new BenchHost();
  expect(await other.run('bench', '--scenario', 'incremental', '/one.git', '/two.git')).toBe(2);
  expect(other.err).toContain('incremental');
});
