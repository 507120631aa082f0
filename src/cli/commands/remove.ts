import { outputFlags } from '../flags/output-flags.ts';
import { plainStatuses, type CommandSpec } from './command-spec.ts';
import { mirrorArgument, remoteArgument } from './mirror-arguments.ts';

/** `git mirror remove`. */
export const removeCommand: CommandSpec = {
  name: 'remove',
  summary: 'remove a mirror from a remote',
  description:
    'Removes a mirror from remote.<name>.mirrorUrl and .preferredMirror. Those that a server names are not yours to remove.',
  arguments: [mirrorArgument, remoteArgument],
  flagGroups: [outputFlags],
  examples: [{ command: 'remove https://eu.example.com/app.git origin', purpose: 'what git mirror add has added' }],
  exitStatus: plainStatuses,
  load: async () => (await import('../actions/run-mirror-edit.ts')).runRemove,
};
