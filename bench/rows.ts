import { formatSample, median, type Sample } from './statistics.ts';

/** What a figure must not exceed: the ratio of the two medians, or the median itself in the unit of the sample. */
export interface Bound {
  readonly of: 'ratio' | 'value';
  readonly atMost: number;
}

/** One line of the table. */
export interface BenchRow {
  readonly what: string;
  readonly ours: Sample;
  /** What it is compared with, measured in the same run. */
  readonly peer?: { readonly name: string; readonly sample: Sample } | undefined;
  /** A row without one is there to be read. */
  readonly bound?: Bound | undefined;
}

/** A row with what follows from it. */
export interface JudgedRow extends BenchRow {
  /** Median of ours by median of the peer's. */
  readonly ratio?: number | undefined;
  /** Whether the bound holds; absent without one, or where it could not be measured. */
  readonly met?: boolean | undefined;
}

/** Works out ratio and verdict. */
export function judge(row: BenchRow): JudgedRow {
  const ours = median(row.ours.values);
  const ratio = row.peer === undefined ? undefined : ours / median(row.peer.sample.values);
  const judged = row.bound?.of === 'ratio' ? ratio : ours;
  const isKnown = row.bound !== undefined && judged !== undefined && !Number.isNaN(judged);
  return { ...row, ratio, met: isKnown ? judged <= row.bound.atMost : undefined };
}

/** The rows as a table in Markdown. */
export function renderRows(rows: readonly JudgedRow[]): string {
  const lines = rows.map(({ what, ours, peer, ratio, bound, met }) => [
    what,
    formatSample(ours),
    peer === undefined ? '' : `${formatSample(peer.sample)} ${peer.name}`,
    ratio === undefined || Number.isNaN(ratio) ? '' : ratio.toFixed(2),
    bound === undefined ? '' : describeBound(bound, ours),
    met === undefined ? '' : met ? 'yes' : '**no**',
  ]);
  const table = [
    ['what', 'ours', 'peer', 'ratio', 'must be', 'met'],
    ['---', '--:', '--:', '--:', '--:', ':-:'],
    ...lines,
  ];
  return table.map((cells) => `| ${cells.join(' | ')} |\n`).join('');
}

function describeBound({ of, atMost }: Bound, { unit }: Sample): string {
  return of === 'ratio' ? `≤ ${atMost} ×` : `≤ ${formatSample({ unit, values: [atMost] })}`;
}
