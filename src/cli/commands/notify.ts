import { sourceFlags } from '../flags/endpoint-flags.ts';
import { notifyFlags } from '../flags/notify-flags.ts';
import { outputFlags } from '../flags/output-flags.ts';
import type { CommandSpec } from './command-spec.ts';

/** `git mirror notify`. */
export const notifyCommand: CommandSpec = {
  name: 'notify',
  summary: 'tell an origin that there is a mirror of it',
  description:
    'Tells the origin where a mirror of it is, how fresh it is, and for how long that holds. The origin calls the mirror ' +
    'back, and names it to its clients if it takes notices at all. Run it after each update of the mirror, from cron or a ' +
    'hook; git mirror up does so by itself with --announce.',
  arguments: [{ term: '<origin-url>', description: 'URL of the origin' }],
  flagGroups: [notifyFlags, sourceFlags, outputFlags],
  examples: [
    {
      command:
        'notify https://example.com/app.git --at https://mirror.example.org/app.git --repository /srv/git/app.git',
      purpose: 'announce the mirror for the next hour',
    },
  ],
  exitStatus: [
    '0    the origin lists the mirror',
    '1    failed, or the origin does not take the notice',
    '2    wrong usage',
    '130  interrupted (129 and 143: hung up, terminated)',
  ],
  load: async () => (await import('../actions/run-notify.ts')).runNotify,
};
