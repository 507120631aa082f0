import { knownDifferences, type KnownDifference } from './known-differences.ts';
import type { Observation } from './observe.ts';

/** A section in which two observations are not the same. */
export interface Difference {
  readonly section: string;
  readonly left: readonly string[];
  readonly right: readonly string[];
}

/** Where a comparison was made, for the conditions of known differences. */
export interface ComparisonPlace {
  readonly scenario: string;
  readonly protocol: number;
  /** Family of the git behind the git backend. */
  readonly oracle: string;
}

/** The sections that differ, those on the documented list left out. */
export function compareObservations(
  left: Observation,
  right: Observation,
  place: ComparisonPlace,
): readonly Difference[] {
  const known = knownDifferences.filter((difference) => difference.applies(place));
  const differences: Difference[] = [];
  for (const section of new Set([...left.keys(), ...right.keys()])) {
    const [ours, theirs] = [left, right].map((side) => settle(side.get(section) ?? ['absent'], section, known));
    if (ours === undefined || theirs === undefined) continue;
    if (ours.join('\n') === theirs.join('\n')) continue;
    if (known.some((difference) => difference.excuses?.(section, left, right) === true)) continue;
    differences.push({ section, left: ours, right: theirs });
  }
  return differences;
}

/** Brings lines to the form in which what is known to differ does not. */
function settle(lines: readonly string[], section: string, known: readonly KnownDifference[]): readonly string[] {
  return known.reduce((settled, difference) => difference.settle?.(settled, section) ?? settled, lines);
}

/** A difference for people: the lines that only one side has, with their numbers. */
export function describeDifference({ section, left, right }: Difference, names: readonly [string, string]): string {
  let start = 0;
  while (start < left.length && start < right.length && left[start] === right[start]) start += 1;
  let end = 0;
  while (
    end < left.length - start &&
    end < right.length - start &&
    left[left.length - 1 - end] === right[right.length - 1 - end]
  ) {
    end += 1;
  }
  const show = (name: string, lines: readonly string[]): readonly string[] =>
    lines
      .slice(start, lines.length - end)
      .slice(0, 12)
      .map((line) => `    ${name.padEnd(7)} ${line}`);
  return [`  ${section} (from line ${start + 1})`, ...show(names[0], left), ...show(names[1], right)].join('\n');
}
