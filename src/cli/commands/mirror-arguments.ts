import type { ArgumentSpec } from './command-spec.ts';

/** The mirror in question. */
export const mirrorArgument: ArgumentSpec = { term: '<url>', description: 'URL of a mirror, or a whole path' };

/** The remote in question. */
export const remoteArgument: ArgumentSpec = {
  term: '[remote]',
  description: 'name of a remote (default: the one that git fetch would use)',
};
