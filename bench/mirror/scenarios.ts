import type { LinkShape } from '../../test/mirror/lab/shaped-link.ts';
import type { ProcessCost } from '../measure-process.ts';
import type { BenchRow } from '../rows.ts';
import { median, type Sample } from '../statistics.ts';
import { command, say } from '../stage.ts';
import type { MirrorStage } from './mirror-stage.ts';

/** Measures one thing with the repository `name`. */
export type MirrorScenario = (stage: MirrorStage, name: string) => Promise<readonly BenchRow[]>;

const megabit = 1_000_000 / 8;
const slowOrigin: LinkShape = { bytesPerSecond: 10 * megabit };
const slowMirror: LinkShape = { bytesPerSecond: 20 * megabit };
/** Short things are measured more often. */
const shortRuns = 5;
/** Round trips, in milliseconds. */
const distances = [0, 50, 150];
/** Of what a clone takes, the origin may give no more, or the mirrors were not used. */
const maxOriginShare = 0.5;

/** Processor time says how much is to be done even where others are at work. */
const sameCpu = 'the same: processor time of the client';

/** By their names on the command line. */
export const mirrorScenarios: Readonly<Record<string, MirrorScenario>> = {
  'same-speed': async (stage, name) => {
    await stage.shape();
    const { ours, peer, cpuOurs, cpuPeer } = await byTurns(
      stage.runs,
      () => cloneFromMirrors(stage, name, 1),
      () => stage.measureClone(['clone', '--quiet', stage.origin.urlOf(name)], name),
    );
    return [
      {
        what: `clone of ${name} from a mirror as fast as the origin`,
        ours,
        peer: { name: 'git clone', sample: peer },
        bound: { of: 'ratio', atMost: 1.1 },
      },
      { what: sameCpu, ours: cpuOurs, peer: { name: 'git clone', sample: cpuPeer } },
    ];
  },
  'slow-origin': async (stage, name) => {
    await stage.shape(slowOrigin);
    const { ours, peer, cpuOurs, cpuPeer } = await byTurns(
      stage.runs,
      () => cloneFromMirrors(stage, name, 1),
      () => stage.measureClone(['clone', '--quiet', mirrorUrls(stage, name, 1)[0] ?? ''], name),
    );
    return [
      {
        what: `clone of ${name}, origin at 10 Mbit/s, mirror without limit`,
        ours,
        peer: { name: 'git clone from the mirror', sample: peer },
        bound: { of: 'ratio', atMost: 1.2 },
      },
      { what: sameCpu, ours: cpuOurs, peer: { name: 'git clone from the mirror', sample: cpuPeer } },
    ];
  },
  'three-mirrors': async (stage, name) => {
    await stage.shape(slowMirror, slowMirror, slowMirror, slowMirror);
    const { ours, peer, cpuOurs, cpuPeer } = await byTurns(
      stage.runs,
      () => cloneFromMirrors(stage, name, 3),
      () => cloneFromMirrors(stage, name, 1),
    );
    return [
      {
        what: `clone of ${name} from three mirrors, each and the origin at 20 Mbit/s`,
        ours,
        peer: { name: 'from one of them', sample: peer },
        bound: { of: 'ratio', atMost: 0.5 },
      },
      { what: sameCpu, ours: cpuOurs, peer: { name: 'from one of them', sample: cpuPeer } },
    ];
  },
  'nothing-new': async (stage, name) => {
    const folder = await stage.keepClone(name);
    const rows: BenchRow[] = [];
    for (const roundTripMs of distances) {
      const far: LinkShape = roundTripMs === 0 ? {} : { latencyMs: roundTripMs / 2 };
      await stage.shape(far, far, far, far);
      const { ours, peer } = await byTurns(
        stage.runs * shortRuns,
        () => stage.measure(['mirror', 'fetch', '--quiet'], folder),
        () => stage.measure(['fetch', '--quiet'], folder),
      );
      const asked = stage.mirrors.reduce((sum, { link }) => sum + link.connections.length, 0);
      if (asked > 0) throw new Error('a mirror was asked though there was nothing new');
      const what = `fetch of ${name} with nothing new, round trip of ${String(roundTripMs)} ms more`;
      rows.push({ what, ours, peer: { name: 'git fetch', sample: peer }, bound: { of: 'ratio', atMost: 1.2 } });
      if (roundTripMs > 0) continue;
      const more = ours.values.map((value) => value - median(peer.values));
      const values = { what: 'the same: what git mirror fetch adds', ours: { unit: 'ms', values: more } as const };
      rows.push({ ...values, bound: { of: 'value', atMost: 150 } });
    }
    return rows;
  },
  'start-up': async (stage) => {
    const rows: BenchRow[] = [];
    for (const words of [['--version'], ['fetch', '--help']]) {
      const { ours, peer } = await byTurns(
        stage.runs * shortRuns,
        () => stage.measureProgram(process.execPath, [command, ...words]),
        () => stage.measureProgram(process.execPath, ['-e', '0']),
      );
      rows.push({
        what: `git-mirror ${words.join(' ')}`,
        ours,
        peer: { name: 'node -e 0', sample: peer },
        bound: { of: 'value', atMost: 150 },
      });
    }
    return rows;
  },
};

/** Those that need no repository, or are the same with each. */
export const onceOnly: ReadonlySet<string> = new Set(['nothing-new', 'start-up']);

function mirrorUrls(stage: MirrorStage, name: string, count: number): readonly string[] {
  return stage.mirrors.slice(0, count).map((mirror) => mirror.urlOf(name));
}

/** Times `git mirror clone`; fails when the origin had to give what mirrors should have. */
async function cloneFromMirrors(stage: MirrorStage, name: string, count: number): Promise<ProcessCost> {
  const bytesOf = (): readonly number[] => [stage.origin, ...stage.mirrors].map(({ link }) => link.bytesToClients);
  const before = bytesOf();
  const flags = mirrorUrls(stage, name, count).map((url) => `--mirror=${url}`);
  const cost = await stage.measureClone(['mirror', 'clone', '--quiet', ...flags, stage.origin.urlOf(name)], name);
  const [origin = 0, ...mirrors] = bytesOf().map((bytes, index) => bytes - (before[index] ?? 0));
  const all = mirrors.reduce((sum, bytes) => sum + bytes, origin);
  say(`  ${String(Math.round(cost.wallMs))} ms; bytes from origin and mirrors: ${[origin, ...mirrors].join(', ')}`);
  if (origin > all * maxOriginShare) throw new Error(`the origin gave ${String(origin)} of ${String(all)} bytes`);
  return cost;
}

/** Wall and processor times of both. */
interface Turns {
  readonly ours: Sample;
  readonly peer: Sample;
  readonly cpuOurs: Sample;
  readonly cpuPeer: Sample;
}

/** Both by turns, so that whatever else goes on meets both; who begins changes. One run of each before does not count. */
async function byTurns(
  runs: number,
  ours: () => Promise<ProcessCost>,
  peer: () => Promise<ProcessCost>,
): Promise<Turns> {
  const costs: [ProcessCost[], ProcessCost[]] = [[], []];
  for (let run = 0; run <= runs; run += 1) {
    const order = run % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const);
    for (const index of order) {
      const cost = await (index === 0 ? ours() : peer());
      if (run > 0) costs[index].push(cost);
    }
  }
  const sample = (side: readonly ProcessCost[], pick: (cost: ProcessCost) => number): Sample => ({
    unit: 'ms',
    values: side.map(pick),
  });
  return {
    ours: sample(costs[0], ({ wallMs }) => wallMs),
    peer: sample(costs[1], ({ wallMs }) => wallMs),
    cpuOurs: sample(costs[0], ({ cpuMs }) => cpuMs),
    cpuPeer: sample(costs[1], ({ cpuMs }) => cpuMs),
  };
}
