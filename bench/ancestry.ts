import { generateHistory } from './generate.ts';
import { assertMirrors, git, makeTarget } from './git.ts';
import { measureProcess, type ProcessCost } from './measure-process.ts';
import type { BenchRow } from './rows.ts';
import { command, say, type Stage } from './stage.ts';

const mostRssBytes = 300e6;

/**
 * A plan that hangs on a long history: the branch of the target is at the first of very many commits of the source, so
 * that all of them are read to see that it may be moved.
 */
export async function measureAncestry(stage: Stage, commits: number): Promise<readonly BenchRow[]> {
  const source = `history-${commits}.git`;
  await generateHistory(stage.path(source), commits);
  await git('--git-dir', stage.path(source), 'config', 'uploadpack.allowFilter', 'true');
  await stage.remove('behind.git');
  await makeTarget(stage.path('behind.git'));
  await git('--git-dir', stage.path('behind.git'), 'fetch', '--quiet', stage.path(source), 'root:refs/heads/main');
  const costs: ProcessCost[] = [];
  for (let run = 0; run < stage.runs; run += 1) {
    const words = ['plan', '--json', stage.url(source), stage.url('behind.git')];
    costs.push(await measureProcess(process.execPath, [command, ...words]));
    say(`ancestry over ${commits} commits, run ${run + 1}: ${costs.at(-1)?.wallMs.toFixed(0) ?? ''} ms`);
  }
  // The plan was right only if the move is one that a sync takes without force.
  await measureProcess(process.execPath, [command, 'sync', '--tags', stage.url(source), stage.url('behind.git')]);
  await assertMirrors(stage.path(source), stage.path('behind.git'));
  await stage.remove('behind.git');
  const what = `plan over ${commits.toLocaleString('en')} commits of history`;
  return [
    { what: `${what}: wall time`, ours: { unit: 'ms', values: costs.map(({ wallMs }) => wallMs) } },
    {
      what: `${what}: peak memory`,
      ours: { unit: 'bytes', values: costs.map(({ peakRssBytes }) => peakRssBytes) },
      bound: { of: 'value', atMost: mostRssBytes },
    },
  ];
}
