import type { OperationMode, RewritePolicy } from '../../sync/request.ts';
import { collect, Flag, type FlagGroup } from './flag.ts';
import { parsePercent } from './flag-values.ts';

/** Values of {@link policyFlags}. */
export interface PolicyFlags {
  readonly prune?: boolean;
  readonly forceWithLease?: boolean;
  readonly force?: boolean;
  readonly forceBlind?: boolean;
  readonly bestEffort?: boolean;
  readonly atomic?: boolean;
  readonly pushOption?: readonly string[];
  readonly onRewrite?: RewritePolicy;
  readonly maxPrunePercent?: number;
}

/** Values of {@link modeFlags}. */
export interface ModeFlags {
  readonly mode?: OperationMode;
}

/** Values of {@link dryRunFlags}. */
export interface DryRunFlags {
  readonly dryRun?: boolean;
}

const group = 'Policy:';

/** Which refs that are not safe to update are updated all the same, and what a refused one means. */
export const forceFlags: FlagGroup = () => [
  new Flag('--force-with-lease', 'update diverged branches and moved tags unless they change during the run', {
    group,
  }),
  new Flag('--force', 'a synonym of --force-with-lease', { group }),
  new Flag('--force-blind', 'update diverged branches and moved tags whatever they are by then', { group }),
  new Flag('--best-effort', 'a ref that the target refuses is a warning (default of sync --all-refs)', { group }),
  new Flag('--no-best-effort', 'a ref that the target refuses is a failure', { group }),
];

/** {@link forceFlags} for a command they contradict: understood, so that the library can say why they are refused. */
export const refusedForceFlags: FlagGroup = () => forceFlags().map((flag) => flag.hideHelp());

/** What else may be done to the target. */
export const policyFlags: FlagGroup = () => [
  new Flag('--prune', 'delete refs of the target, within scope, that the source does not have', { group }),
  new Flag('--atomic', 'all ref updates or none', { group }),
  new Flag('-o, --push-option <text>', "text handed to the target's hooks; repeatable", {
    parse: collect,
    repeatable: true,
    group,
  }),
  new Flag('--on-rewrite <policy>', 'when the source rewrote a ref: overwrite it, keep the old tip, or block', {
    choices: ['overwrite', 'keep', 'block'],
    group,
  }),
  new Flag('--max-prune-percent <n>', "stop when more than this share of the target's refs would be deleted", {
    parse: parsePercent,
    group,
  }),
];

/** Which operation a plan is for. */
export const modeFlags: FlagGroup = () => [
  new Flag('--mode <mode>', 'the command to preview (default: sync)', { choices: ['sync', 'replicate'], group }),
];

/** Turns a run into a plan. */
export const dryRunFlags: FlagGroup = () => [
  new Flag('-n, --dry-run', 'only say what would be done, as plan does', { group }),
];
