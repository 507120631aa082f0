import { Flag, type FlagGroup } from './flag.ts';

/** Values of {@link outputFlags}. */
export interface OutputFlags {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly progress?: boolean;
  readonly color?: boolean;
}

const group = 'Output:';

/** What is written, and how. These may stand in front of the command, too. */
export const outputFlags: FlagGroup = () => [
  new Flag('--json', 'write the result as one JSON document on standard output', { group }),
  new Flag('-q, --quiet', 'write nothing but errors (and the JSON document)', { group }),
  new Flag('-v, --verbose', 'write every ref, the lines of the remotes and the causes of errors', { group }),
  new Flag('--progress', 'show progress even when standard error is not a terminal', { group }),
  new Flag('--no-progress', 'show no progress', { group }),
  new Flag('--color', 'use colours even when standard output is not a terminal', { group }),
  new Flag('--no-color', 'use no colours; NO_COLOR and FORCE_COLOR are honoured as well', { group }),
];

/** The same for a command that writes a log. */
export const logFlags: FlagGroup = () => [
  new Flag('--json', 'write each line of the log as a JSON object', { group }),
  new Flag('-q, --quiet', 'write warnings and errors only', { group }),
  new Flag('-v, --verbose', 'write requests, too', { group }),
];
