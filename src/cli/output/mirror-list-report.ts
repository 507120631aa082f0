import { countOf } from './quantities.ts';
import type { ReportSettings } from './report-settings.ts';
import { renderTable, type Column } from './table.ts';

/** A mirror as `git mirror list` shows it. */
export interface ListedMirror {
  readonly url: string;
  /** Who named it. */
  readonly from: 'user' | 'origin';
  readonly region: string | null;
  readonly stratum: number | null;
  /** The how manieth it is to be asked; null when it is not. */
  readonly order: number | null;
  readonly preferred: boolean;
}

/** The document of `git mirror list --json` (docs/mirror-settings.md). */
export interface MirrorListDocument {
  readonly remote: string | null;
  readonly url: string;
  readonly canonicalUrls: readonly string[];
  readonly useMirror: boolean;
  readonly preferMirror: 'now' | 'always' | 'never' | null;
  /** When the origin was last asked (ISO 8601). */
  readonly learnedAt: string | null;
  readonly mirrors: readonly ListedMirror[];
  /** How many more the origin knows. */
  readonly more: number;
}

const columns: readonly Column[] = [
  { title: 'ORDER', align: 'right' },
  { title: 'MIRROR', shrinkTo: 24 },
  { title: 'NAMED BY' },
  { title: 'REGION' },
  { title: '' },
];

/** The list as lines of text for people. */
export function renderMirrorList(document: MirrorListDocument, settings: ReportSettings): string[] {
  const { clean } = settings;
  const { remote, url, mirrors, more, useMirror, preferMirror } = document;
  const name = clean(remote ?? url);
  if (mirrors.length === 0) {
    const advice = remote === null ? '' : ` Add one with git mirror add URL ${name}.`;
    return [`No mirrors of ${name} are known.${advice}`];
  }
  const rows = mirrors.map((mirror) => [
    { text: mirror.order === null ? '–' : String(mirror.order) },
    { text: clean(mirror.url), ...(mirror.order === null ? { style: 'dim' as const } : {}) },
    { text: mirror.from === 'user' ? 'you' : 'the origin' },
    { text: clean(mirror.region ?? '') },
    { text: mirror.preferred ? 'preferred' : '' },
  ]);
  return [
    ...renderTable(columns, rows, settings),
    ...(more > 0 ? ['', `The origin knows ${countOf(more, 'more mirror')}, asked for when these are used up.`] : []),
    ...(useMirror ? [] : ['', `None is asked: remote.${name}.useMirror is false.`]),
    ...(preferMirror === 'never' ? ['', 'The preference is never: see docs/mirror-settings.md.'] : []),
  ];
}
