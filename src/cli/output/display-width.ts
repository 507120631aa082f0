const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });
/** Code points that East Asian terminals draw over two columns (Unicode Standard Annex 11, "W" and "F"). */
const wide =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{16fe0}-\u{18aff}\u{1b000}-\u{1b2ff}\u{20000}-\u{3fffd}]|^\p{Emoji_Presentation}/u;
const zeroWidth = /^[\p{Mark}\p{Cf}]/u;
const ascii = /^[ -~]*$/;

function graphemeWidth(grapheme: string): number {
  if (wide.test(grapheme) || grapheme.includes('\ufe0f')) return 2;
  return zeroWidth.test(grapheme) ? 0 : 1;
}

/** Columns that `text` takes on a terminal. It holds no control characters and no escape sequences. */
export function displayWidth(text: string): number {
  if (ascii.test(text)) return text.length;
  let width = 0;
  for (const { segment } of segmenter.segment(text)) width += graphemeWidth(segment);
  return width;
}

function graphemesOf(text: string): string[] {
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}

/** As many of `graphemes`, from the first on, as fit into `columns`. */
function takeColumns(graphemes: readonly string[], columns: number): string[] {
  let width = 0;
  const end = graphemes.findIndex((grapheme) => (width += graphemeWidth(grapheme)) > columns);
  return graphemes.slice(0, end < 0 ? graphemes.length : end);
}

/** `text` cut in its middle to at most `columns` columns: refs and URLs differ at both ends. */
export function shortenMiddle(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text;
  if (columns < 1) return '';
  const graphemes = graphemesOf(text);
  const tailColumns = Math.floor((columns - 1) / 2);
  const head = takeColumns(graphemes, columns - 1 - tailColumns);
  const tail = takeColumns(graphemes.toReversed(), tailColumns).toReversed();
  return `${head.join('')}…${tail.join('')}`;
}

/** `text` cut at its end to at most `columns` columns. */
export function shortenEnd(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text;
  return columns < 1 ? '' : `${takeColumns(graphemesOf(text), columns - 1).join('')}…`;
}

/** `text` filled up with spaces to `columns` columns. */
export function padColumns(text: string, columns: number, side: 'left' | 'right' = 'left'): string {
  const padding = ' '.repeat(Math.max(0, columns - displayWidth(text)));
  return side === 'left' ? text + padding : padding + text;
}
