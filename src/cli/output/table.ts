import { displayWidth, padColumns, shortenMiddle } from './display-width.ts';
import { noPaint, type Paint, type StyleName } from './style.ts';

/** One column of a table. */
export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right' | undefined;
  /** May be shortened when the terminal is narrow, to no less than so many columns. */
  readonly shrinkTo?: number | undefined;
}

/** Text of a cell, with a colour if it has one. */
export interface Cell {
  readonly text: string;
  readonly style?: StyleName | undefined;
}

/** How wide a table may be and whether it is coloured. */
export interface TableSettings {
  /** Columns of the terminal; without it nothing is shortened. */
  readonly columns?: number | undefined;
  readonly paint?: Paint | undefined;
}

const gap = '  ';

function fitWidths(columns: readonly Column[], natural: readonly number[], available: number | undefined): number[] {
  const widths = [...natural];
  if (available === undefined) return widths;
  let excess = widths.reduce((sum, width) => sum + width, 0) + gap.length * (widths.length - 1) - available;
  for (const [index, { shrinkTo }] of columns.entries()) {
    const width = widths[index] ?? 0;
    if (shrinkTo === undefined || excess <= 0 || width <= shrinkTo) continue;
    widths[index] = Math.max(shrinkTo, width - excess);
    excess -= width - (widths[index] ?? 0);
  }
  return widths;
}

/** The lines of a table with its columns aligned by the width that text has on a terminal. Cells hold plain text. */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  settings: TableSettings = {},
): string[] {
  const paint = settings.paint ?? noPaint;
  const header: readonly Cell[] = columns.map(({ title }) => ({ text: title, style: 'bold' as const }));
  const lines = [header, ...rows];
  const natural = columns.map((_column, index) =>
    lines.reduce((width, row) => Math.max(width, displayWidth(row[index]?.text ?? '')), 0),
  );
  const widths = fitWidths(columns, natural, settings.columns);
  return lines.map((row) => {
    // Nothing behind the last cell that holds something.
    const end = row.findLastIndex(({ text }) => text !== '') + 1;
    return row
      .slice(0, end)
      .map(({ text, style }, index) => {
        const column = columns[index];
        const width = widths[index] ?? 0;
        const shown = column?.shrinkTo === undefined ? text : shortenMiddle(text, width);
        const isLast = index === end - 1;
        const padded = isLast && column?.align !== 'right' ? shown : padColumns(shown, width, column?.align ?? 'left');
        return style === undefined ? padded : paint(style, padded);
      })
      .join(gap);
  });
}
