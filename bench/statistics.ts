/** What several runs of one thing gave. */
export interface Sample {
  readonly unit: Unit;
  /** One value for each run, in the order of the runs. */
  readonly values: readonly number[];
}

/** What values are counted in: milliseconds, bytes, or things. */
export type Unit = 'ms' | 'bytes' | 'count';

/** The value in the middle; the mean of the two in the middle when their number is even. NaN for none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? Number.NaN;
  if (sorted.length % 2 === 1) return upper;
  return ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** The median for people, with the smallest and the largest value behind it when there are several. */
export function formatSample({ unit, values }: Sample): string {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const middle = formatValue(median(values), unit);
  return values.length < 2 || least === most
    ? middle
    : `${middle} (${formatValue(least, unit)} – ${formatValue(most, unit)})`;
}

function formatValue(value: number, unit: Unit): string {
  if (Number.isNaN(value)) return 'n/a';
  switch (unit) {
    case 'ms':
      return value < 1000 ? `${value.toFixed(value < 100 ? 1 : 0)} ms` : `${(value / 1000).toFixed(2)} s`;
    case 'bytes':
      return `${(value / 1e6).toFixed(1)} MB`;
    case 'count':
      return String(value);
  }
}
