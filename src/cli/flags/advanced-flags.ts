import type { BootstrapOrder } from '../../sync/advanced-options.ts';
import { Flag, type FlagGroup } from './flag.ts';
import { parseByteSize, parseCount, parseText } from './flag-values.ts';

/** Values of {@link advancedFlags}. */
export interface AdvancedFlags {
  readonly maxPackBytes?: number;
  readonly targetMaxPackBytes?: number;
  readonly targetMaxRefUpdates?: number;
  readonly bootstrapStrategy?: BootstrapOrder;
  readonly materializedMaxObjects?: number;
  readonly materializedMaxBytes?: number;
  readonly temporaryDirectory?: string;
  readonly slowTargetMs?: number;
}

const group = 'Limits and batches:';

/** Limits of a run, and how a bootstrap is cut into pushes. */
export const advancedFlags: FlagGroup = () => [
  new Flag('--max-pack-bytes <size>', 'give up when the source sends a larger pack (100m, 1g)', {
    parse: parseByteSize,
    group,
  }),
  new Flag('--target-max-pack-bytes <size>', 'largest pack the target takes; larger ones go in batches (100m, 1g)', {
    parse: parseByteSize,
    group,
  }),
  new Flag('--target-max-ref-updates <n>', 'most ref updates in one push', { parse: parseCount, group }),
  new Flag('--bootstrap-strategy <order>', 'how a batched bootstrap walks the history (default: first-parent)', {
    choices: ['first-parent', 'topo'],
    group,
  }),
  new Flag('--materialized-max-objects <n>', 'most objects of a temporary store (default: 2000000)', {
    parse: parseCount,
    group,
  }),
  new Flag('--materialized-max-bytes <size>', 'most bytes of a temporary store (default: 8g)', {
    parse: parseByteSize,
    group,
  }),
  new Flag('--temporary-directory <path>', "where temporary stores are made (default: the system's)", {
    parse: parseText,
    group,
  }),
  new Flag('--slow-target-ms <n>', 'how long one of several targets may hold up the others (default: 10000)', {
    parse: parseCount,
    group,
  }),
];
