import { advancedFlags } from '../flags/advanced-flags.ts';
import { endpointFlags } from '../flags/endpoint-flags.ts';
import { measureFlags } from '../flags/measure-flags.ts';
import { outputFlags } from '../flags/output-flags.ts';
import { dryRunFlags, policyFlags, refusedForceFlags } from '../flags/policy-flags.ts';
import { scopeFlags } from '../flags/scope-flags.ts';
import { resultStatuses, type CommandSpec } from './command-spec.ts';
import { sourceArgument, targetsArgument } from './endpoint-arguments.ts';

/** `git mirror replicate`. */
export const replicateCommand: CommandSpec = {
  name: 'replicate',
  summary: 'make targets equal to the source, overwriting what differs',
  description:
    'The source is right: refs of the targets that differ are overwritten, and with --prune those that the source ' +
    'does not have are deleted. Objects are only ever relayed; where that is impossible the command fails and says why.',
  arguments: [sourceArgument, targetsArgument],
  flagGroups: [
    dryRunFlags,
    scopeFlags,
    policyFlags,
    refusedForceFlags,
    advancedFlags,
    endpointFlags,
    measureFlags,
    outputFlags,
  ],
  examples: [
    { command: 'replicate --all-refs --prune https://example.com/app.git /srv/app.git', purpose: 'an exact copy' },
    { command: 'replicate --dry-run --all-refs --prune . /srv/app.git', purpose: 'what that would change' },
    { command: 'replicate --all-refs --prune --max-prune-percent 20 . /srv/app.git', purpose: 'with a safety catch' },
  ],
  exitStatus: resultStatuses,
  load: async () => (await import('../actions/run-replication.ts')).runReplicate,
};
