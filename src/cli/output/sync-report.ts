import { shortRefName } from '../../core/ref-name.ts';
import type { ExecutionSummary, SyncResult, TargetResult } from '../../sync/result.ts';
import { countOf, formatCount, formatDuration } from './quantities.ts';
import { renderRefTable } from './ref-table.ts';
import type { ReportSettings } from './report-settings.ts';
import { renderMeasurement, renderStats } from './stats-report.ts';

/** Which way the objects went and why, by the name that JSON has for it. */
function describeWay({ transferMode, reason, batch, dryRun }: ExecutionSummary): string {
  const batches = batch.enabled && !dryRun ? `, ${batch.done} of ${countOf(batch.planned, 'batch', 'batches')}` : '';
  return `Objects: ${transferMode}${batches}${reason === '' ? '' : `; ${reason}`}`;
}

/** `2 created, 1 updated`, or for a plan `2 to create, 1 to update`. */
function describeCounts({ refs, counts, execution }: TargetResult): string {
  const created = Math.min(counts.applied, refs.filter(({ action }) => action === 'create').length);
  const words = execution.dryRun
    ? { created: 'to create', updated: 'to update', deleted: 'to delete', skipped: 'to skip' }
    : { created: 'created', updated: 'updated', deleted: 'deleted', skipped: 'skipped' };
  const parts: readonly (readonly [number, string])[] = [
    [created, words.created],
    [counts.applied - created, words.updated],
    [counts.deleted, words.deleted],
    [counts.warned, 'refused by the target'],
    [counts.skipped, words.skipped],
  ];
  return parts.flatMap(([count, word]) => (count > 0 ? [`${formatCount(count)} ${word}`] : [])).join(', ');
}

/** One sentence on how it went at one target. */
function summarize(target: TargetResult, { paint, clean }: ReportSettings): string {
  const { counts, execution, error } = target;
  if (error !== undefined) return `${paint('red', 'Failed:')} ${clean(error.message)} (${error.code})`;
  const list = describeCounts(target);
  if (counts.blocked > 0) {
    const pushed = execution.dryRun ? 'nothing would be pushed' : 'nothing was pushed';
    return `${paint('red', 'Blocked:')} ${countOf(counts.blocked, 'ref')}; ${pushed}. The reasons say what would allow it.`;
  }
  if (counts.applied + counts.deleted + counts.warned === 0) {
    return `${paint('green', 'Nothing to do:')} ${counts.skipped === 0 ? 'no refs in scope' : list}.`;
  }
  if (execution.dryRun) return `${paint('cyan', 'Plan:')} ${list}. Nothing was pushed.`;
  return `${counts.warned > 0 ? paint('yellow', 'Done, with warnings:') : paint('green', 'Done:')} ${list}.`;
}

function renderTarget(target: TargetResult, settings: ReportSettings): string[] {
  const table = renderRefTable(target.refs, settings);
  const { execution, error } = target;
  const way =
    error === undefined && execution.transferMode !== 'none'
      ? [settings.paint('dim', settings.clean(describeWay(execution)))]
      : [];
  return [...table, ...(table.length === 0 ? [] : ['']), ...way, summarize(target, settings)];
}

function renderTotal(targets: readonly TargetResult[]): string {
  const failed = targets.filter(({ error }) => error !== undefined).length;
  const blocked = targets.filter(({ error, counts }) => error === undefined && counts.blocked > 0).length;
  const parts = [
    `${targets.length - failed - blocked} of ${countOf(targets.length, 'target')} done`,
    ...(blocked > 0 ? [`${blocked} blocked`] : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
  ];
  return `${parts.join(', ')}.`;
}

/** One line on refs of the source that nobody could be sent. */
export function renderIgnoredRefs(names: readonly string[] | undefined, { clean }: ReportSettings): string[] {
  if (names === undefined || names.length === 0) return [];
  const shown = names.slice(0, 3).map(clean).join(', ');
  return [
    `${countOf(names.length, 'ref')} of the source left out, being no legal names: ${shown}${names.length > 3 ? ', …' : ''}`,
  ];
}

/** The result of a plan, sync, replicate or bootstrap as lines of text for people. */
export function renderSyncReport(result: SyncResult, settings: ReportSettings): string[] {
  const { paint, clean } = settings;
  const targets = result.targets ?? [result];
  const isMany = targets.length > 1;
  const { protocol, sourceHead } = result.execution;
  const facts = [
    ...(protocol === '' ? [] : [`protocol ${protocol}`]),
    ...(sourceHead === '' ? [] : [`HEAD ${shortRefName(sourceHead)}`]),
  ];
  const lines = [
    `${paint('bold', 'Source')}  ${clean(result.sourceUrl)}${facts.length === 0 ? '' : paint('dim', `  ${clean(facts.join(', '))}`)}`,
  ];
  lines.push(...renderIgnoredRefs(result.ignoredRefs, settings));
  for (const target of targets) {
    if (isMany) lines.push('');
    lines.push(`${paint('bold', 'Target')}  ${clean(target.targetUrl)}`, '', ...renderTarget(target, settings));
  }
  if (isMany) lines.push('', renderTotal(targets));
  const elapsed = result.measurement.elapsedMillis;
  if (elapsed > 0) lines.push(paint('dim', `Took ${formatDuration(elapsed)}.`));
  return [...lines, ...renderStats(result.stats, settings), ...renderMeasurement(result.measurement)];
}
