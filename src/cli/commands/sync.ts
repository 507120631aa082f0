import { advancedFlags } from '../flags/advanced-flags.ts';
import { endpointFlags } from '../flags/endpoint-flags.ts';
import { measureFlags } from '../flags/measure-flags.ts';
import { outputFlags } from '../flags/output-flags.ts';
import { dryRunFlags, forceFlags, policyFlags } from '../flags/policy-flags.ts';
import { scopeFlags } from '../flags/scope-flags.ts';
import { resultStatuses, type CommandSpec } from './command-spec.ts';
import { sourceArgument, targetsArgument } from './endpoint-arguments.ts';

/** `git mirror sync`. */
export const syncCommand: CommandSpec = {
  name: 'sync',
  summary: 'bring targets up to date where that is safe',
  description:
    'Copies refs and objects from the source to every target, with no clone in between. An empty target is filled; ' +
    'new refs and fast-forwards are pushed. When a ref is not safe to update (a diverged branch, a moved tag), it is ' +
    'blocked, and nothing at all is pushed to that target unless it is forced.',
  arguments: [sourceArgument, targetsArgument],
  flagGroups: [
    dryRunFlags,
    scopeFlags,
    forceFlags,
    policyFlags,
    advancedFlags,
    endpointFlags,
    measureFlags,
    outputFlags,
  ],
  examples: [
    { command: 'sync https://example.com/app.git ssh://git@backup.example.com/app.git', purpose: 'all branches' },
    { command: 'sync --all-refs --prune . /srv/one.git /srv/two.git', purpose: 'everything, to two targets at once' },
    { command: 'sync --map main:upstream/main . /srv/app.git', purpose: 'one branch under another name' },
    { command: 'sync --on-rewrite keep --tags . /srv/app.git', purpose: 'park what the source rewrote, then take it' },
  ],
  exitStatus: resultStatuses,
  load: async () => (await import('../actions/run-replication.ts')).runSync,
};
