import type { BenchReport } from '../../sync/bench/bench-report.ts';
import { countOf, formatBytes, formatDuration } from './quantities.ts';
import type { ReportSettings } from './report-settings.ts';
import { renderTable, type Column } from './table.ts';

const columns: readonly Column[] = [
  { title: 'SCENARIO' },
  { title: 'RUNS', align: 'right' },
  { title: 'MEDIAN', align: 'right' },
  { title: 'FASTEST', align: 'right' },
  { title: 'SLOWEST', align: 'right' },
  { title: 'PACK', align: 'right' },
  { title: 'REQUESTS', align: 'right' },
  { title: 'PEAK MEMORY', align: 'right' },
];

/** The report of a bench as lines of text for people; with `verbose` run by run. */
export function renderBenchReport(report: BenchReport, settings: ReportSettings): string[] {
  const { paint, clean, verbose } = settings;
  const rows = report.scenarios.map(({ scenario, runs, medianMillis, minMillis, maxMillis, peakRssBytes }) => {
    const [run] = runs;
    return [
      scenario,
      String(runs.length),
      ...[medianMillis, minMillis, maxMillis].map(formatDuration),
      formatBytes(run?.packBytes ?? 0),
      `${run?.sourceRequests ?? 0} + ${run?.targetRequests ?? 0}`,
      formatBytes(peakRssBytes),
    ].map((text) => ({ text }));
  });
  const details = report.scenarios.flatMap(({ scenario, runs }) => [
    '',
    `${scenario}:`,
    ...runs.map(
      ({ elapsedMillis, targetUrl, transferMode }) =>
        `  ${formatDuration(elapsedMillis)}  ${clean(targetUrl)}  ${transferMode}`,
    ),
  ]);
  return [
    `${paint('bold', 'Source')}  ${clean(report.sourceUrl)}${paint('dim', `  protocol ${clean(report.protocol)}`)}`,
    '',
    ...renderTable(columns, rows, settings),
    ...(verbose ? details : []),
    '',
    paint(
      'dim',
      `git-mirror ${report.version}, Node ${report.node}, ${report.platform}, ${countOf(report.cores, 'core')}. ` +
        'Requests are to the source and to the target; memory is that of this process so far.',
    ),
  ];
}
