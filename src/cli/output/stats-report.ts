import type { Measurement, Stats } from '../../sync/result.ts';
import { formatBytes, formatCount, formatDuration, formatRate } from './quantities.ts';
import type { ReportSettings } from './report-settings.ts';
import { renderTable, type Column } from './table.ts';

const serviceColumns: readonly Column[] = [
  { title: 'SERVICE', shrinkTo: 16 },
  { title: 'REQUESTS', align: 'right' },
  { title: 'SENT', align: 'right' },
  { title: 'RECEIVED', align: 'right' },
  { title: 'WANTS', align: 'right' },
  { title: 'HAVES', align: 'right' },
  { title: 'COMMANDS', align: 'right' },
];

const sideColumns: readonly Column[] = [
  { title: 'PACK BYTES', shrinkTo: 16 },
  { title: 'BYTES', align: 'right' },
  { title: 'ACTIVE', align: 'right' },
  { title: 'RATE', align: 'right' },
];

/** Tables of the traffic of a run; nothing when it was not counted. */
export function renderStats(stats: Stats, settings: ReportSettings): string[] {
  if (!stats.enabled) return [];
  const services = Object.entries(stats.items).map(([key, item]) => [
    { text: settings.clean(item.name === '' ? key : item.name) },
    ...[formatCount(item.requests), formatBytes(item.requestBytes), formatBytes(item.responseBytes)].map((text) => ({
      text,
    })),
    ...[item.wants, item.haves, item.commands].map((count) => ({ text: formatCount(count) })),
  ]);
  const sides = stats.sides.map(({ label, bytes, activeMs, bytesPerSecond }) => [
    { text: settings.clean(label) },
    { text: formatBytes(bytes) },
    { text: formatDuration(activeMs) },
    { text: formatRate(bytesPerSecond) },
  ]);
  return [
    ...(services.length === 0 ? [] : ['', ...renderTable(serviceColumns, services, settings)]),
    ...(sides.length === 0 ? [] : ['', ...renderTable(sideColumns, sides, settings)]),
  ];
}

/** One line on time and memory; nothing when memory was not measured. */
export function renderMeasurement(measurement: Measurement): string[] {
  if (!measurement.enabled) return [];
  const { elapsedMillis, peakHeapBytes, peakRssBytes } = measurement;
  return [
    '',
    `Elapsed ${formatDuration(elapsedMillis)}, peak heap ${formatBytes(peakHeapBytes)}, peak resident memory ${formatBytes(peakRssBytes)}.`,
  ];
}
