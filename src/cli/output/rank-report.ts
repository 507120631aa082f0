import type { RankEntry, RankResult } from '../../mirror/rank/rank-result.ts';
import { countOf, formatDuration, formatRate } from './quantities.ts';
import type { ReportSettings } from './report-settings.ts';
import { renderTable, type Cell, type Column } from './table.ts';

const columns: readonly Column[] = [
  { title: 'MIRROR', shrinkTo: 24 },
  { title: 'CONNECT', align: 'right' },
  { title: 'FIRST BYTE', align: 'right' },
  { title: 'THROUGHPUT', align: 'right' },
  { title: 'BRANCHES', align: 'right' },
  { title: 'SCORE', align: 'right' },
];

/** A ranking as lines of text for people. */
export function renderRankReport(result: RankResult, settings: ReportSettings): string[] {
  const { clean, paint } = settings;
  const { mirrors, originUrl, originError, remote, stored, preferred } = result;
  if (mirrors.length === 0) {
    const more =
      remote === null ? '' : `: name some with git mirror add, or git config remote.${clean(remote)}.mirrorUrl`;
    return [`No mirrors of ${clean(originUrl)} are known${more}`];
  }
  const rows = mirrors.map((entry): readonly Cell[] => rowOf(entry, settings));
  const failures = mirrors.flatMap(({ url, error }) =>
    error === null ? [] : [`${paint('red', clean(url))}: ${clean(error.message)}`],
  );
  return [
    ...renderTable(columns, rows, settings),
    ...(failures.length > 0 ? ['', ...failures] : []),
    ...(originError === null ? [] : ['', `The origin did not list its branches: ${clean(originError.message)}`]),
    ...(stored > 0 && remote !== null
      ? ['', `Remembered for ${clean(remote)}: ${countOf(stored, 'mirror')}, the best first.`]
      : []),
    ...(preferred === null ? [] : [`${clean(preferred)} is the preferred mirror now.`]),
  ];
}

function rowOf(entry: RankEntry, { clean }: ReportSettings): readonly Cell[] {
  const { url, connectMs, firstByteMs, bytesPerSecond, sameBranches, originBranches, score } = entry;
  const show = <Value>(value: Value | null, format: (value: Value) => string): Cell => ({
    text: value === null ? '–' : format(value),
  });
  return [
    { text: clean(url), ...(score === null ? { style: 'dim' as const } : {}) },
    show(connectMs, formatDuration),
    show(firstByteMs, formatDuration),
    show(bytesPerSecond, formatRate),
    show(sameBranches, (count) => `${String(count)}/${String(originBranches)}`),
    show(score, String),
  ];
}
