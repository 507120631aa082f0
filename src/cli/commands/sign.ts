import { outputFlags } from '../flags/output-flags.ts';
import { signFlags } from '../flags/state-flags.ts';
import { plainStatuses, type CommandSpec } from './command-spec.ts';

/** `git mirror sign`. */
export const signCommand: CommandSpec = {
  name: 'sign',
  summary: 'sign what the refs of a repository are now',
  description:
    'States the refs of a repository on this machine in a signed tag object under refs/pushes/current, which names the ' +
    'statement before it. Mirrors copy it with the refs, and git mirror verify tells from it whether they are fresh.',
  arguments: [{ term: '[repository]', description: 'path of the repository (default: this one)' }],
  flagGroups: [signFlags, outputFlags],
  examples: [
    {
      command: 'sign --canonical https://example.com/app.git --allowed-signers signers /srv/git/app.git',
      purpose: 'the first statement: whose repository it is, and who may sign',
    },
    { command: 'sign --expires 1d /srv/git/app.git', purpose: 'each further one, after each push or once a day' },
  ],
  exitStatus: plainStatuses,
  load: async () => (await import('../actions/run-sign.ts')).runSign,
};
