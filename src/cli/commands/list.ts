import { listFlags } from '../flags/mirror-list-flags.ts';
import { outputFlags } from '../flags/output-flags.ts';
import { plainStatuses, type CommandSpec } from './command-spec.ts';

/** `git mirror list`. */
export const listCommand: CommandSpec = {
  name: 'list',
  summary: 'show the mirrors of a remote, in the order in which they are asked',
  description:
    'Shows the mirrors that you have set and those that the origin names, and which of them would be asked. The origin is ' +
    'asked when its list is older than a day (mirror.listAge), or with --refresh. What it says is stored in the ' +
    'configuration of the repository; see docs/mirror-settings.md.',
  arguments: [{ term: '[remote]', description: 'name of a remote, or a URL (default: the remote of git fetch)' }],
  flagGroups: [listFlags, outputFlags],
  examples: [
    { command: 'list', purpose: 'the mirrors of the remote that git fetch would use' },
    { command: 'list --refresh --verbose upstream', purpose: 'ask again, and say who was asked' },
    { command: 'list --json https://example.com/app.git', purpose: 'before there is a clone, for a program to read' },
  ],
  exitStatus: plainStatuses,
  load: async () => (await import('../actions/run-mirror-list.ts')).runList,
};
