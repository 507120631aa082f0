import { Flag, type FlagGroup } from './flag.ts';

/** Values of {@link measureFlags}. */
export interface MeasureFlags {
  readonly stats?: boolean;
  readonly measureMemory?: boolean;
}

const group = 'Output:';

/** What is measured besides. */
export const measureFlags: FlagGroup = () => [
  new Flag('--stats', 'show requests, bytes, wants, haves and commands of each service', { group }),
  new Flag('--measure-memory', 'show elapsed time, peak heap and peak resident memory', { group }),
];
