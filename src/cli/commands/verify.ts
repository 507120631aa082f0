import { outputFlags } from '../flags/output-flags.ts';
import { verifyFlags } from '../flags/state-flags.ts';
import type { CommandSpec } from './command-spec.ts';

/** `git mirror verify`. */
export const verifyCommand: CommandSpec = {
  name: 'verify',
  summary: 'tell whether a mirror is fresh, stale, rolled back or forged',
  description:
    "Holds the refs of a mirror against the origin's and against what was signed (git mirror sign). What was seen is " +
    'remembered in the repository, so that nothing older is believed afterwards.',
  arguments: [
    { term: '<mirror>', description: 'URL or path of the mirror' },
    { term: '[origin]', description: 'remote or URL of the origin (default: origin)' },
  ],
  flagGroups: [verifyFlags, outputFlags],
  examples: [
    { command: 'verify https://mirror.example.net/app.git', purpose: 'a mirror of the remote origin of this clone' },
    {
      command: 'verify --json https://mirror.example.net/app.git https://example.com/app.git',
      purpose: 'the same without a clone, for a program to read',
    },
  ],
  exitStatus: [
    '0    fresh',
    '1    stale, rolled back, forged or unsigned, or failed',
    '2    wrong usage: nothing was asked of any server',
    '130  interrupted (129 and 143: hung up, terminated)',
  ],
  load: async () => (await import('../actions/run-verify.ts')).runVerify,
};
