import { advancedFlags } from '../flags/advanced-flags.ts';
import { endpointFlags } from '../flags/endpoint-flags.ts';
import { measureFlags } from '../flags/measure-flags.ts';
import { outputFlags } from '../flags/output-flags.ts';
import { forceFlags, modeFlags, policyFlags } from '../flags/policy-flags.ts';
import { scopeFlags } from '../flags/scope-flags.ts';
import { resultStatuses, type CommandSpec } from './command-spec.ts';
import { sourceArgument, targetsArgument } from './endpoint-arguments.ts';

/** `git mirror plan`. */
export const planCommand: CommandSpec = {
  name: 'plan',
  summary: 'show what a sync or replicate would do, without pushing',
  description: 'Compares source and target and shows what would happen to every ref, and why. Nothing is pushed.',
  arguments: [sourceArgument, targetsArgument],
  flagGroups: [modeFlags, scopeFlags, forceFlags, policyFlags, advancedFlags, endpointFlags, measureFlags, outputFlags],
  examples: [
    {
      command: 'plan https://example.com/app.git https://backup.example.com/app.git',
      purpose: 'what a sync would do',
    },
    { command: 'plan --mode replicate --all-refs --prune . /srv/app.git', purpose: 'what a replicate would do' },
    { command: 'plan --json . /srv/app.git', purpose: 'the same for a program to read' },
  ],
  exitStatus: resultStatuses,
  load: async () => (await import('../actions/run-replication.ts')).runPlan,
};
