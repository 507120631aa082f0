import { outputFlags } from '../flags/output-flags.ts';
import { plainStatuses, type CommandSpec } from './command-spec.ts';

/** `git mirror clean`. */
export const cleanCommand: CommandSpec = {
  name: 'clean',
  summary: 'remove what fetches from mirrors have left below refs/mirror/',
  description:
    'Removes the refs below refs/mirror/ whose commits your own refs reach, and names those that hold something more. ' +
    'git mirror fetch does it by itself at its end.',
  arguments: [],
  flagGroups: [outputFlags],
  examples: [
    { command: 'clean', purpose: 'after a fetch that was cut off' },
    { command: 'clean --json', purpose: 'the same, for a program to read what was kept' },
  ],
  exitStatus: plainStatuses,
  load: async () => (await import('../actions/run-mirror-clean.ts')).runClean,
};
