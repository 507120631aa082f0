import type { ComparisonPlace } from './compare.ts';

/** A difference between two runs that no client minds. docs/parity.md lists them with these reasons. */
export interface KnownDifference {
  readonly id: string;
  readonly reason: string;
  applies(place: ComparisonPlace): boolean;
  /** Rewrites the lines of a section so that what may differ is the same. */
  settle(lines: readonly string[], section: string): readonly string[];
}

/** All of them. */
export const knownDifferences: readonly KnownDifference[] = [
  {
    id: 'helper-flush',
    reason:
      "A client that gives up ends its HTTP helper. Whether the helper had already noted that the answer was over is chance, with git's own server too.",
    applies: () => true,
    settle: (lines, section) =>
      section.startsWith('packets of git,') && lines.at(-1) === '> 0002' ? lines.slice(0, -1) : lines,
  },
];
