import { mirrorFlags } from '../flags/mirror-flags.ts';
import type { CommandSpec } from './command-spec.ts';

/** `git mirror fetch`. */
export const fetchCommand: CommandSpec = {
  name: 'fetch',
  summary: 'git fetch with the objects from mirrors first, and the refs from the origin',
  description:
    'Asks the origin what is new, takes the objects from mirrors, and lets `git fetch` do the rest with the origin: it ' +
    'moves the refs and says so. All flags and arguments of git fetch go on to it. With nothing new, the origin is asked ' +
    'once and no mirror. Ctrl-C leaves a mirror for the next one; twice, it stops.',
  arguments: [{ term: '[git-fetch-arguments...]', description: 'flags, remote and refspecs as git fetch takes them' }],
  flagGroups: [mirrorFlags],
  examples: [
    { command: 'fetch', purpose: 'what git fetch does, with the mirrors that are known' },
    { command: 'fetch --prune --tags upstream', purpose: 'flags of git fetch, and another remote' },
    { command: 'fetch --mirror=https://eu.example.net/app.git', purpose: 'from this mirror and no other, this time' },
  ],
  exitStatus: [
    '0    done',
    '1    as git fetch: a ref was not updated; 128 and others, too, are those of git fetch',
    '2    wrong usage: nothing was asked of any server',
    '130  interrupted (129 and 143: hung up, terminated)',
  ],
  passThrough: { onlyWithEquals: [] },
  load: async () => (await import('../actions/run-fetch.ts')).runFetch,
};
