import { shortRefName } from '../../core/ref-name.ts';
import type { RefResult } from '../../sync/result.ts';
import { countOf, formatCount } from './quantities.ts';
import type { ReportSettings } from './report-settings.ts';
import { actionStyles } from './style.ts';
import { renderTable, type Cell, type Column } from './table.ts';

/** More refs than this are summed up by action and reason; those that need attention are listed all the same. */
export const maxListedRefs = 200;

const columns: readonly Column[] = [
  { title: 'ACTION' },
  { title: 'REF', shrinkTo: 16 },
  { title: 'CHANGE' },
  { title: 'REASON' },
];

/** `main` for a branch, `tags/v1` for a tag, the full name for anything else. */
function refLabel(ref: string): string {
  if (ref.startsWith('refs/heads/')) return shortRefName(ref);
  return ref.startsWith('refs/tags/') ? ref.slice('refs/'.length) : ref;
}

function nameOf({ sourceRef, targetRef }: RefResult): string {
  if (sourceRef === targetRef || sourceRef === '' || targetRef === '') return refLabel(targetRef || sourceRef);
  return `${refLabel(sourceRef)} → ${refLabel(targetRef)}`;
}

/** `1a2b3c4..5d6e7f8`, or the one hash there is. */
function changeOf({ action, sourceHash, targetHash }: RefResult): string {
  const [from, to] = [targetHash.slice(0, 7), sourceHash.slice(0, 7)];
  if (action === 'delete' || to === '') return from;
  return from === '' || targetHash === sourceHash ? to : `${from}..${to}`;
}

function rowOf(ref: RefResult, { clean }: ReportSettings): readonly Cell[] {
  return [
    { text: ref.action, style: actionStyles[ref.action] },
    { text: clean(nameOf(ref)) },
    { text: clean(changeOf(ref)), style: 'dim' },
    { text: clean(ref.reason) },
  ];
}

function needsAttention({ action }: RefResult): boolean {
  return action === 'block' || action === 'warn';
}

/** `12 branches`, `3 tags`, `15 refs`: the common kind of some refs. */
function kindCount(refs: readonly RefResult[]): string {
  const [first] = refs;
  if (first === undefined || refs.some(({ kind }) => kind !== first.kind)) return countOf(refs.length, 'ref');
  if (first.kind === 'branch') return countOf(refs.length, 'branch', 'branches');
  return countOf(refs.length, first.kind === 'tag' ? 'tag' : 'ref');
}

function groupRows(refs: readonly RefResult[], settings: ReportSettings): (readonly Cell[])[] {
  const groups = Map.groupBy(refs, ({ action, reason }) => `${action} ${reason}`);
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    return [
      [
        { text: first.action, style: actionStyles[first.action] },
        { text: kindCount(group) },
        { text: '' },
        { text: settings.clean(first.reason) },
      ],
    ];
  });
}

/**
 * The refs of one target as the lines of a table. Refs that are left alone become one line a reason; so do all others
 * when there are more than {@link maxListedRefs}, save those that need attention. With `verbose` every ref has a line.
 */
export function renderRefTable(refs: readonly RefResult[], settings: ReportSettings): string[] {
  const skipped = settings.verbose ? [] : refs.filter(({ action }) => action === 'skip');
  const listed = settings.verbose ? refs : refs.filter(({ action }) => action !== 'skip');
  const isLong = !settings.verbose && listed.length > maxListedRefs;
  const attention = isLong ? listed.filter(needsAttention) : [];
  const shown = isLong ? attention.slice(0, maxListedRefs) : listed;
  const folded = isLong ? listed.filter((ref) => !needsAttention(ref)) : [];

  const rows = [...groupRows(folded, settings), ...shown.map((ref) => rowOf(ref, settings))];
  const lines = rows.length === 0 ? [] : renderTable(columns, rows, settings);
  const unshown = attention.length - shown.length;
  if (isLong && unshown > 0) lines.push(`… and ${formatCount(unshown)} more like these; --verbose shows every ref`);
  for (const [reason, group] of Map.groupBy(skipped, (ref) => ref.reason)) {
    lines.push(settings.paint('dim', `${kindCount(group)} skipped: ${settings.clean(reason)}`));
  }
  return lines;
}
