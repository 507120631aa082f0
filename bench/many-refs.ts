import { generateManyRefs } from './generate.ts';
import { makeTarget } from './git.ts';
import { measureProcess, type ProcessCost } from './measure-process.ts';
import type { BenchRow } from './rows.ts';
import { command, say, type Stage } from './stage.ts';

const mostMs = 3000;
const mostRssBytes = 300e6;

/** Plans for a source with very many refs: for a target that has none of them, and for one that has them all. */
export async function measureManyRefs(
  stage: Stage,
  refs: number,
  goGitSync: string | undefined,
): Promise<readonly BenchRow[]> {
  const source = `refs-${refs}.git`;
  await generateManyRefs(stage.path(source), refs);
  await stage.remove('empty.git');
  await makeTarget(stage.path('empty.git'));
  await stage.copy(source, 'same.git');
  const rows: BenchRow[] = [];
  for (const [target, label] of [
    ['empty.git', 'an empty target'],
    ['same.git', 'an identical target'],
  ] as const) {
    const words = ['plan', '--all-refs', '--json', stage.url(source), stage.url(target)];
    const ours: ProcessCost[] = [];
    const go: ProcessCost[] = [];
    for (let run = 0; run < stage.runs; run += 1) {
      ours.push(await measureProcess(process.execPath, [command, ...words]));
      if (goGitSync !== undefined) go.push(await measureProcess(goGitSync, words));
      say(`plan of ${refs} refs, ${label}, run ${run + 1}: ${ours.at(-1)?.wallMs.toFixed(0) ?? ''} ms`);
    }
    const what = `plan of ${refs.toLocaleString('en')} refs, ${label}`;
    const wall = (costs: readonly ProcessCost[]) => ({
      unit: 'ms' as const,
      values: costs.map(({ wallMs }) => wallMs),
    });
    const peak = (costs: readonly ProcessCost[]) => ({
      unit: 'bytes' as const,
      values: costs.map(({ peakRssBytes }) => peakRssBytes),
    });
    const name = 'Go git-sync';
    rows.push(
      {
        what: `${what}: wall time`,
        ours: wall(ours),
        peer: go.length === 0 ? undefined : { name, sample: wall(go) },
        bound: { of: 'value', atMost: mostMs },
      },
      {
        what: `${what}: peak memory`,
        ours: peak(ours),
        peer: go.length === 0 ? undefined : { name, sample: peak(go) },
        bound: { of: 'value', atMost: mostRssBytes },
      },
    );
  }
  for (const name of ['empty.git', 'same.git']) await stage.remove(name);
  return rows;
}
