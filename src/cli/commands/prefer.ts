import { preferFlags } from '../flags/mirror-list-flags.ts';
import { outputFlags } from '../flags/output-flags.ts';
import { plainStatuses, type CommandSpec } from './command-spec.ts';
import { remoteArgument } from './mirror-arguments.ts';

/** `git mirror prefer`. */
export const preferCommand: CommandSpec = {
  name: 'prefer',
  summary: 'say which mirror of a remote is asked first',
  description: 'Sets remote.<name>.preferredMirror, or removes it with --none. No server changes it.',
  arguments: [{ term: '[url]', description: 'URL of a mirror, or a whole path; left out with --none' }, remoteArgument],
  flagGroups: [preferFlags, outputFlags],
  examples: [
    { command: 'prefer https://eu.example.com/app.git', purpose: 'ask this one first' },
    { command: 'prefer --none origin', purpose: 'go by the list again' },
  ],
  exitStatus: plainStatuses,
  load: async () => (await import('../actions/run-mirror-edit.ts')).runPrefer,
};
