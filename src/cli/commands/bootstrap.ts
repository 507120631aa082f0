import { advancedFlags } from '../flags/advanced-flags.ts';
import { endpointFlags } from '../flags/endpoint-flags.ts';
import { measureFlags } from '../flags/measure-flags.ts';
import { outputFlags } from '../flags/output-flags.ts';
import { forceFlags, policyFlags } from '../flags/policy-flags.ts';
import { scopeFlags } from '../flags/scope-flags.ts';
import { resultStatuses, type CommandSpec } from './command-spec.ts';
import { sourceArgument } from './endpoint-arguments.ts';

/** `git mirror bootstrap`. */
export const bootstrapCommand: CommandSpec = {
  name: 'bootstrap',
  summary: 'fill an empty target, in batches if it cannot take everything at once',
  description:
    'Fills a target that has no refs. With --target-max-pack-bytes the history is pushed in steps under ' +
    'refs/git-mirror/bootstrap/, and the visible refs appear at the end. Run it again after an interruption: it goes ' +
    'on where it stopped. The result belongs to the unstable surface.',
  arguments: [sourceArgument, { term: '<target>', description: 'URL or path of the empty repository to fill' }],
  flagGroups: [scopeFlags, forceFlags, policyFlags, advancedFlags, endpointFlags, measureFlags, outputFlags],
  examples: [
    { command: 'bootstrap --all-refs . https://example.com/new.git', purpose: 'everything in one push' },
    {
      command: 'bootstrap --target-max-pack-bytes 100m . https://example.com/new.git',
      purpose: 'in pushes of at most 100 MiB',
    },
  ],
  exitStatus: resultStatuses,
  load: async () => (await import('../actions/run-replication.ts')).runBootstrap,
};
