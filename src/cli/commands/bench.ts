import { advancedFlags } from '../flags/advanced-flags.ts';
import { benchFlags } from '../flags/bench-flags.ts';
import { endpointFlags } from '../flags/endpoint-flags.ts';
import { outputFlags } from '../flags/output-flags.ts';
import { scopeFlags } from '../flags/scope-flags.ts';
import { plainStatuses, type CommandSpec } from './command-spec.ts';
import { sourceArgument } from './endpoint-arguments.ts';

/** `git mirror bench`. */
export const benchCommand: CommandSpec = {
  name: 'bench',
  summary: 'measure syncs of a repository, again and again, against fresh targets',
  description:
    'Repeats scenarios and reports what each run took: bootstrap fills an empty target, noop finds nothing to do, ' +
    'incremental brings the newest commits. Without targets, bare repositories are made for each run and deleted ' +
    'afterwards; named targets must have no refs, take one run each, and know no incremental. The result belongs to ' +
    'the unstable surface.',
  arguments: [sourceArgument, { term: '[target...]', description: 'URL or path of an empty repository for each run' }],
  flagGroups: [benchFlags, scopeFlags, advancedFlags, endpointFlags, outputFlags],
  examples: [
    { command: 'bench --runs 5 https://example.com/app.git', purpose: 'all scenarios, five times, to the local disk' },
    {
      command: 'bench --scenario bootstrap --all-refs --report report.json .',
      purpose: 'one scenario, kept in a file',
    },
    {
      command: 'bench --tags . https://example.com/empty-1.git https://example.com/empty-2.git',
      purpose: 'against a server, with two empty repositories for two runs',
    },
  ],
  exitStatus: plainStatuses,
  load: async () => (await import('../actions/run-bench.ts')).runBenchCommand,
};
