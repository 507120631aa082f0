import { refKindOf, shortRefName } from '../../core/ref-name.ts';
import type { ProbeResult } from '../../sync/result.ts';
import { countOf, formatCount } from './quantities.ts';
import { maxListedRefs } from './ref-table.ts';
import type { ReportSettings } from './report-settings.ts';
import { renderMeasurement, renderStats } from './stats-report.ts';
import { renderIgnoredRefs } from './sync-report.ts';
import { renderTable } from './table.ts';

/** `12 refs (10 branches, 2 tags)`. */
function describeRefs(result: ProbeResult): string {
  const count = (wanted: string) => result.refs.filter(({ name }) => refKindOf(name) === wanted).length;
  const [branches, tags, others] = [count('branch'), count('tag'), count('other')];
  const kinds = [
    ...(branches > 0 ? [countOf(branches, 'branch', 'branches')] : []),
    ...(tags > 0 ? [countOf(tags, 'tag')] : []),
    ...(others > 0 ? [`${formatCount(others)} other`] : []),
  ];
  return `${countOf(result.refs.length, 'ref')}${kinds.length > 0 ? ` (${kinds.join(', ')})` : ''}`;
}

function wrapWords(words: readonly string[], indent: string, columns: number): string[] {
  const lines: string[] = [];
  let line = indent;
  for (const word of words) {
    if (line !== indent && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = indent;
    }
    line += line === indent ? word : ` ${word}`;
  }
  return line === indent ? lines : [...lines, line];
}

function capabilityLines(capabilities: readonly string[], { clean, columns }: ReportSettings): string[] {
  const words = capabilities.map(clean);
  return words.length === 0 ? [] : ['Capabilities:', ...wrapWords(words, '  ', columns ?? 100)];
}

/** The result of a probe as lines of text for people. */
export function renderProbeReport(result: ProbeResult, settings: ReportSettings): string[] {
  const { paint, clean } = settings;
  const head = shortRefName(result.sourceHead);
  const shown = settings.verbose ? result.refs : result.refs.slice(0, maxListedRefs);
  const rows = shown.map(({ name, hash }) => [
    { text: clean(hash), style: 'dim' as const },
    { text: clean(name) },
    { text: name === result.sourceHead ? 'HEAD' : '', style: 'green' as const },
  ]);
  const unshown = result.refs.length - shown.length;
  return [
    `${paint('bold', 'Source')}  ${clean(result.sourceUrl)}`,
    `Protocol ${clean(result.protocol)}, HEAD ${head === '' ? 'unknown or detached' : clean(head)}, ${describeRefs(result)}`,
    ...renderIgnoredRefs(result.ignoredRefs, settings),
    ...capabilityLines(result.sourceCapabilities, settings),
    ...(rows.length === 0
      ? []
      : ['', ...renderTable([{ title: 'OBJECT' }, { title: 'REF' }, { title: '' }], rows, settings)]),
    ...(unshown > 0 ? [`… and ${formatCount(unshown)} more; --verbose shows every ref`] : []),
    ...(result.targetUrl === ''
      ? []
      : [
          '',
          `${paint('bold', 'Target')}  ${clean(result.targetUrl)}`,
          ...capabilityLines(result.targetCapabilities, settings),
        ]),
    ...renderStats(result.stats, settings),
    ...renderMeasurement(result.measurement),
  ];
}
