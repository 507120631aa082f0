import { logFlags } from '../flags/output-flags.ts';
import { backendFlags, limitFlags, serveFlags } from '../flags/serve-flags.ts';
import type { CommandSpec } from './command-spec.ts';

/** `git mirror serve`. */
export const serveCommand: CommandSpec = {
  name: 'serve',
  summary: 'serve the repositories of a folder for reading',
  description:
    'Serves every repository below a folder over Smart HTTP, and over git:// if asked, until it is told to stop. Those with ' +
    'a file git-daemon-export-ok are served, or all with --export-all. With --json every line of the log is a JSON object.',
  arguments: [{ term: '<root>', description: 'folder with the repositories' }],
  flagGroups: [serveFlags, backendFlags, limitFlags, logFlags],
  examples: [
    { command: 'serve --export-all /srv/git', purpose: 'serve every repository below /srv/git on this machine' },
    {
      command: 'serve --listen 0.0.0.0:8418 --git-listen 0.0.0.0:9418 --metrics-listen 9100 /srv/git',
      purpose: 'serve a network, and tell Prometheus about it',
    },
    { command: 'serve --backend canary:5 /srv/git', purpose: 'try the native backend with one client in twenty' },
  ],
  exitStatus: ['0  stopped as asked', '1  failed', '2  wrong usage, or no such folder'],
  load: async () => (await import('../actions/run-server.ts')).runServer,
};
