import type { ArgumentSpec } from './command-spec.ts';

/** Where refs and objects come from. */
export const sourceArgument: ArgumentSpec = {
  term: '<source>',
  description: 'URL or path of the repository to read, as git would take it',
};

/** Where they go to. */
export const targetsArgument: ArgumentSpec = {
  term: '<target...>',
  description: 'URL or path of each repository to write; the source is read once for all of them',
};
