import { outputFlags } from '../flags/output-flags.ts';
import { rankFlags } from '../flags/rank-flags.ts';
import { plainStatuses, type CommandSpec } from './command-spec.ts';

/** `git mirror rank`. */
export const rankCommand: CommandSpec = {
  name: 'rank',
  summary: 'measure the mirrors of a remote, and ask the best ones first from now on',
  description:
    'Measures how far each mirror is, how fast it sends, and how many branches it has as the origin has them. The best are ' +
    'remembered for a week (mirror.rankAge). Mirrors get no credentials, and no more than a few MiB are fetched.',
  arguments: [{ term: '[remote]', description: 'name of a remote, or a URL (default: origin)' }],
  flagGroups: [rankFlags, outputFlags],
  examples: [
    { command: 'rank', purpose: 'the mirrors of the remote origin' },
    { command: 'rank --prefer upstream', purpose: 'the best mirror of upstream comes first until you say otherwise' },
    { command: 'rank --no-store --json', purpose: 'look, and change nothing' },
  ],
  exitStatus: plainStatuses,
  load: async () => (await import('../actions/run-rank.ts')).runRank,
};
