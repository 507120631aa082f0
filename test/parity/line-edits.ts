/**
 * The changes that lead from `from` to `to`, one a line: `=3` keeps three lines, `-2` leaves two out, and a line that
 * begins with a space is put in.
 */
export function editLines(from: readonly string[], to: readonly string[]): readonly string[] {
  const common = commonLengths(from, to);
  const edits: string[] = [];
  let [left, right, kept, dropped] = [0, 0, 0, 0];
  const flush = (): void => {
    if (kept > 0) edits.push(`=${kept}`);
    if (dropped > 0) edits.push(`-${dropped}`);
    [kept, dropped] = [0, 0];
  };
  while (left < from.length || right < to.length) {
    if (left < from.length && right < to.length && from[left] === to[right]) {
      if (dropped > 0) flush();
      kept += 1;
      left += 1;
      right += 1;
    } else if (
      right >= to.length ||
      (left < from.length && at(common, left + 1, right) >= at(common, left, right + 1))
    ) {
      if (kept > 0) flush();
      dropped += 1;
      left += 1;
    } else {
      flush();
      edits.push(` ${to[right] ?? ''}`);
      right += 1;
    }
  }
  flush();
  return edits;
}

/** Carries out what {@link editLines} has written. */
export function applyLineEdits(from: readonly string[], edits: readonly string[]): readonly string[] {
  const lines: string[] = [];
  let position = 0;
  for (const edit of edits) {
    if (edit.startsWith(' ')) {
      lines.push(edit.slice(1));
      continue;
    }
    const count = Number(edit.slice(1));
    if (edit.startsWith('=')) lines.push(...from.slice(position, position + count));
    position += count;
  }
  return lines;
}

/** Length of the longest common subsequence of what is left from each pair of positions on. */
function commonLengths(from: readonly string[], to: readonly string[]): readonly Uint32Array[] {
  const rows = Array.from({ length: from.length + 1 }, () => new Uint32Array(to.length + 1));
  for (let left = from.length - 1; left >= 0; left -= 1) {
    for (let right = to.length - 1; right >= 0; right -= 1) {
      const row = rows[left];
      if (row === undefined) continue;
      row[right] =
        from[left] === to[right]
          ? at(rows, left + 1, right + 1) + 1
          : Math.max(at(rows, left + 1, right), at(rows, left, right + 1));
    }
  }
  return rows;
}

function at(rows: readonly Uint32Array[], left: number, right: number): number {
  return rows[left]?.[right] ?? 0;
}
