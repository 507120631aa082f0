import { outputFlags } from '../flags/output-flags.ts';
import { plainStatuses, type CommandSpec } from './command-spec.ts';
import { mirrorArgument, remoteArgument } from './mirror-arguments.ts';

/** `git mirror add`. */
export const addCommand: CommandSpec = {
  name: 'add',
  summary: 'add a mirror to a remote',
  description:
    'Adds a mirror to remote.<name>.mirrorUrl. Nobody is asked. Mirrors are for fetching: nothing is pushed there.',
  arguments: [mirrorArgument, remoteArgument],
  flagGroups: [outputFlags],
  examples: [
    { command: 'add https://eu.example.com/app.git', purpose: 'a mirror of the remote that git fetch would use' },
  ],
  exitStatus: plainStatuses,
  load: async () => (await import('../actions/run-mirror-edit.ts')).runAdd,
};
