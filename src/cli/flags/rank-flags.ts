import { Flag, type FlagGroup } from './flag.ts';
import { parseCount } from './flag-values.ts';

/** Values of {@link rankFlags}. */
export interface RankFlags {
  readonly top?: number;
  readonly prefer?: boolean;
  /** False to leave the configuration as it is. */
  readonly store?: boolean;
}

const group = 'Ranking:';

/** What is measured, and what becomes of it. */
export const rankFlags: FlagGroup = () => [
  new Flag('--top <n>', 'measure the throughput of the n nearest, and remember no more (default: 8)', {
    parse: parseCount,
    group,
  }),
  new Flag('--prefer', 'make the best one remote.<name>.preferredMirror, too', { group }),
  new Flag('--no-store', 'measure, and leave the configuration as it is', { group }),
];
