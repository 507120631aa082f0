import { sourceFlags } from '../flags/endpoint-flags.ts';
import { nodeFlags } from '../flags/node-flags.ts';
import { logFlags } from '../flags/output-flags.ts';
import { backendFlags, limitFlags } from '../flags/serve-flags.ts';
import type { CommandSpec } from './command-spec.ts';

/** `git mirror up`. */
export const upCommand: CommandSpec = {
  name: 'up',
  summary: 'mirror repositories, keep them fresh and serve them',
  description:
    'Copies every named repository into a bare one, keeps it fresh on an interval and serves it over HTTP, until it is ' +
    'told to stop. Without names it goes on with all repositories of the data folder. With --json every line of the ' +
    'log is a JSON object.',
  arguments: [{ term: '[upstream...]', description: 'URLs and paths of the repositories to mirror' }],
  flagGroups: [nodeFlags, backendFlags, limitFlags, sourceFlags, logFlags],
  examples: [
    { command: 'up .', purpose: 'serve a copy of the repository here' },
    {
      command: 'up --data /srv/mirror --listen 0.0.0.0:8418 --interval 5m https://example.com/app.git',
      purpose: 'a mirror for a whole network',
    },
    { command: 'up --once --data /srv/mirror', purpose: 'bring everything up to date, then end' },
  ],
  exitStatus: [
    '0  stopped as asked; with --once: everything is up to date',
    '1  failed; with --once: at least one repository could not be synced',
    '2  wrong usage, or nothing to mirror',
  ],
  load: async () => (await import('../actions/run-node.ts')).runNode,
};
