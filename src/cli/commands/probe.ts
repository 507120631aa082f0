import { endpointFlags } from '../flags/endpoint-flags.ts';
import { measureFlags } from '../flags/measure-flags.ts';
import { outputFlags } from '../flags/output-flags.ts';
import { listingFlags, prefixFlags } from '../flags/scope-flags.ts';
import { plainStatuses, type CommandSpec } from './command-spec.ts';
import { sourceArgument } from './endpoint-arguments.ts';

/** `git mirror probe`. */
export const probeCommand: CommandSpec = {
  name: 'probe',
  summary: 'show what a source has and can do, and what a target can do',
  description:
    'Lists the refs, capabilities, protocol and HEAD of the source. With a target, lists what the target can do. Nothing is changed.',
  arguments: [sourceArgument, { term: '[target]', description: 'URL or path of a repository that could be written' }],
  flagGroups: [listingFlags, prefixFlags, endpointFlags, measureFlags, outputFlags],
  examples: [
    { command: 'probe https://example.com/app.git', purpose: 'branches and capabilities of a repository' },
    { command: 'probe --tags --json . ssh://git@example.com/app.git', purpose: 'both ends, for a program to read' },
    { command: 'probe --ref-prefix refs/pull/ https://example.com/app.git', purpose: 'only the refs below a prefix' },
  ],
  exitStatus: plainStatuses,
  load: async () => (await import('../actions/run-probe.ts')).runProbe,
};
