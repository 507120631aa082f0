import { Flag, type FlagGroup } from './flag.ts';
import { parseDuration, parseText } from './flag-values.ts';

/** Values of {@link notifyFlags}. */
export interface NotifyFlags {
  readonly at?: string;
  readonly repository?: string;
  /** Milliseconds. */
  readonly ttl?: number;
}

const group = 'Mirror:';

/** Which mirror the origin is told of. */
export const notifyFlags: FlagGroup = () => [
  new Flag('--at <url>', 'where the mirror can be fetched from', { parse: parseText, group }),
  new Flag('--repository <path>', "the mirror's repository on this machine (default: the current folder)", {
    parse: parseText,
    group,
  }),
  new Flag('--ttl <time>', 'how long the notice holds, from 1m to 168h (default: 1h)', { parse: parseDuration, group }),
];
