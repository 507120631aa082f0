import { formatSample, median, type Sample, type Unit } from '../statistics.ts';
import type { BothRuns, ServeRun } from './serve-bench.ts';

/** What a ratio, or a value of ours, has to reach. */
export interface Goal {
  readonly of: 'ratio' | 'value';
  readonly must: number;
  readonly aim?: number | undefined;
}

/** One line of the table: a figure of both backends. */
export interface ServeRow {
  readonly repository: string;
  readonly what: string;
  readonly figure: string;
  readonly git?: Sample | undefined;
  readonly native: Sample;
  readonly goal?: Goal | undefined;
}

/** A row with what follows from it. */
export interface JudgedServeRow extends ServeRow {
  readonly ratio?: number | undefined;
  readonly met?: 'aim' | 'must' | 'no' | undefined;
}

type Pick = readonly [figure: string, unit: Unit, pick: (run: ServeRun) => number];

/** Figures that runs have, by name. */
export const figures = {
  wall: ['wall time', 'ms', ({ times }) => times.wallMs],
  cpu: ['CPU', 'ms', ({ cpuMs }) => cpuMs],
  rss: ['peak RSS', 'bytes', ({ peakRssBytes }) => peakRssBytes],
  firstByte: ['first byte of the pack', 'ms', ({ times }) => times.firstByteMs],
  negotiation: ['negotiation', 'ms', ({ times }) => times.negotiationMs],
  handshake: ['handshake', 'ms', ({ times }) => times.handshakeMs],
  pack: ['pack', 'bytes', ({ times }) => times.packBytes],
} as const satisfies Readonly<Record<string, Pick>>;

/** Rows for some figures of runs; goals by figure. */
export function rowsOf(
  repository: string,
  what: string,
  runs: BothRuns,
  wanted: readonly (keyof typeof figures)[],
  goals: Partial<Readonly<Record<keyof typeof figures, Goal>>> = {},
): readonly ServeRow[] {
  return wanted.map((name) => {
    const [figure, unit, pick] = figures[name];
    return {
      repository,
      what,
      figure,
      git: { unit, values: runs.git.map(pick) },
      native: { unit, values: runs.native.map(pick) },
      goal: goals[name],
    };
  });
}

/** Works out ratio and verdict. */
export function judgeRow(row: ServeRow): JudgedServeRow {
  const ours = median(row.native.values);
  const ratio = row.git === undefined ? undefined : ours / median(row.git.values);
  const { goal } = row;
  const judged = goal?.of === 'ratio' ? ratio : ours;
  if (goal === undefined || judged === undefined || Number.isNaN(judged)) return { ...row, ratio };
  const meets = (bound: number | undefined): boolean => bound !== undefined && judged <= bound;
  return { ...row, ratio, met: meets(goal.aim) ? 'aim' : meets(goal.must) ? 'must' : 'no' };
}

/** The rows as a table in Markdown. */
export function renderServeRows(rows: readonly JudgedServeRow[]): string {
  const cells = rows.map(({ repository, what, figure, git, native, ratio, goal, met }) => [
    repository,
    what,
    figure,
    git === undefined ? '' : formatSample(git),
    formatSample(native),
    ratio === undefined || Number.isNaN(ratio) ? '' : ratio.toFixed(2),
    goal === undefined ? '' : bound(goal, goal.must, native.unit),
    goal?.aim === undefined ? '' : bound(goal, goal.aim, native.unit),
    met === undefined ? '' : met === 'no' ? '**no**' : met,
  ]);
  const head = ['repository', 'what', 'figure', 'git', 'native', 'ratio', 'must', 'aim', 'met'];
  const rule = ['---', '---', '---', '--:', '--:', '--:', '--:', '--:', ':-:'];
  return [head, rule, ...cells].map((line) => `| ${line.join(' | ')} |\n`).join('');
}

function bound({ of }: Goal, value: number, unit: Unit): string {
  return of === 'ratio' ? `≤ ${value} ×` : `≤ ${formatSample({ unit, values: [value] })}`;
}
