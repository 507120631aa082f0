import { mirrorFlags } from '../flags/mirror-flags.ts';
import type { CommandSpec } from './command-spec.ts';

/** `git mirror clone`. */
export const cloneCommand: CommandSpec = {
  name: 'clone',
  summary: 'git clone with the objects from mirrors first, and the refs from the origin',
  description:
    'Takes the objects from mirrors, several at a time, and lets `git clone` make an ordinary clone of the origin with ' +
    'them. All flags and arguments of git clone go on to it. Mirrors that are named with --mirror=<url>, or that the ' +
    'origin lists, are remembered in the clone; --mirror alone is the flag of git clone. Interrupted, the same command ' +
    'takes up what has arrived. Ctrl-C leaves a mirror for the next one; twice, it stops.',
  arguments: [{ term: '[git-clone-arguments...]', description: 'flags, URL and folder as git clone takes them' }],
  flagGroups: [mirrorFlags],
  examples: [
    { command: 'clone https://example.com/app.git', purpose: 'through the mirrors that the origin lists' },
    {
      command: 'clone --mirror=https://eu.example.net/app.git https://example.com/app.git work',
      purpose: 'through this mirror, to another folder',
    },
  ],
  exitStatus: [
    '0    done',
    '1    as git clone; 128 and others, too, are those of git clone',
    '2    wrong usage: nothing was asked of any server',
    '130  interrupted (129 and 143: hung up, terminated)',
  ],
  passThrough: { onlyWithEquals: ['--mirror', '--no-mirror'] },
  load: async () => (await import('../actions/run-clone.ts')).runClone,
};
