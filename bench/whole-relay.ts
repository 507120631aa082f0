import { assertMirrors, makeTarget } from './git.ts';
import { inSequence, measureProcess, type ProcessCost } from './measure-process.ts';
import type { BenchRow, Bound } from './rows.ts';
import { command, say, type Stage } from './stage.ts';
import type { Sample } from './statistics.ts';

const target = 'target.git';
const clone = 'clone.git';
/** What the issue allows for 400,000 objects and 300 MB. */
const mostRssBytes = 150e6;

/** A source on the stage. */
export interface Source {
  readonly name: string;
  /** What people call it. */
  readonly label: string;
}

/** What the relays of one source took, by contestant, in the order of the runs. */
export interface RelayCosts {
  readonly source: Source;
  readonly ours: readonly ProcessCost[];
  readonly git: readonly ProcessCost[];
  /** Absent when no Go git-sync is named. */
  readonly go: readonly ProcessCost[] | undefined;
}

type Contestant = 'ours' | 'git' | 'go';

/**
 * Moves a whole repository from one `git http-backend` to an empty repository behind another, by each contestant in
 * turn; who begins changes from run to run. Every target is checked: same refs, and all objects that they need.
 */
export async function measureWholeRelay(
  stage: Stage,
  source: Source,
  goGitSync: string | undefined,
): Promise<RelayCosts> {
  const contestants: readonly Contestant[] = goGitSync === undefined ? ['ours', 'git'] : ['ours', 'git', 'go'];
  const costs: Record<Contestant, ProcessCost[]> = { ours: [], git: [], go: [] };
  await stage.readAhead(source.name);
  for (let run = 0; run < stage.runs; run += 1) {
    for (let turn = 0; turn < contestants.length; turn += 1) {
      const contestant = contestants[(run + turn) % contestants.length] ?? 'ours';
      await stage.remove(target);
      await stage.remove(clone);
      await makeTarget(stage.path(target));
      await stage.settle();
      const cost = await carryOut(contestant, stage, source, goGitSync);
      costs[contestant].push(cost);
      say(
        `${source.label}, run ${run + 1}, ${contestant}: ${(cost.wallMs / 1000).toFixed(2)} s, ${(cost.peakRssBytes / 1e6).toFixed(1)} MB, processor ${(cost.cpuMs / 1000).toFixed(2)} s`,
      );
      await assertMirrors(stage.path(source.name), stage.path(target));
    }
  }
  await stage.remove(target);
  await stage.remove(clone);
  return { source, ours: costs.ours, git: costs.git, go: goGitSync === undefined ? undefined : costs.go };
}

/** The rows on one source. */
export function relayRows({ source, ours, git: peers, go }: RelayCosts): readonly BenchRow[] {
  const wall = `relay of ${source.label}: wall time`;
  const memory = `relay of ${source.label}: peak memory`;
  const ratio = (atMost: number): Bound => ({ of: 'ratio', atMost });
  return [
    { what: wall, ours: walls(ours), peer: { name: 'git clone + push', sample: walls(peers) }, bound: ratio(0.6) },
    ...(go === undefined
      ? []
      : [{ what: wall, ours: walls(ours), peer: { name: 'Go git-sync', sample: walls(go) }, bound: ratio(1) }]),
    {
      what: memory,
      ours: peaks(ours),
      peer: { name: 'git clone + push', sample: peaks(peers) },
      bound: { of: 'value', atMost: mostRssBytes },
    },
    ...(go === undefined
      ? []
      : [{ what: memory, ours: peaks(ours), peer: { name: 'Go git-sync', sample: peaks(go) }, bound: ratio(1) }]),
  ];
}

/** Whether memory grows with the repository. */
export function growthRow(large: RelayCosts, small: RelayCosts): BenchRow {
  return {
    what: `peak memory: ${large.source.label} against ${small.source.label}`,
    ours: peaks(large.ours),
    peer: { name: 'ours, a tenth of it', sample: peaks(small.ours) },
    bound: { of: 'ratio', atMost: 1.1 },
  };
}

async function carryOut(
  contestant: Contestant,
  stage: Stage,
  source: Source,
  goGitSync: string | undefined,
): Promise<ProcessCost> {
  const [from, to] = [stage.url(source.name), stage.url(target)];
  if (contestant === 'ours') return measureProcess(process.execPath, [command, 'replicate', '--all-refs', from, to]);
  if (contestant === 'go') return measureProcess(goGitSync ?? '', ['replicate', '--all-refs', from, to]);
  return inSequence([
    await measureProcess('git', ['clone', '--quiet', '--mirror', from, stage.path(clone)]),
    await measureProcess('git', ['--git-dir', stage.path(clone), 'push', '--quiet', '--mirror', to]),
  ]);
}

function walls(costs: readonly ProcessCost[]): Sample {
  return { unit: 'ms', values: costs.map(({ wallMs }) => wallMs) };
}

function peaks(costs: readonly ProcessCost[]): Sample {
  return { unit: 'bytes', values: costs.map(({ peakRssBytes }) => peakRssBytes) };
}
