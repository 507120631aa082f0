import { join } from 'node:path';
import { upCommand } from '../src/cli/commands/up.ts';

/**
 * The arguments of `git mirror up` for what was given to `npm start`: `.data/` in the checkout at `root` as the data
 * folder unless another one is named, and the checkout itself as the repository when none is.
 */
export function upArguments(given: readonly string[], root: string, env: NodeJS.ProcessEnv): readonly string[] {
  const flags = upCommand.flagGroups.flatMap((group) => group());
  const withValue = new Set(flags.filter(({ required }) => required).flatMap(({ long, short }) => [long, short]));
  const dataVariable = flags.find(({ long }) => long === '--data')?.environment;
  let hasData = dataVariable !== undefined && (env[dataVariable] ?? '') !== '';
  let hasRepository = false;
  for (let index = 0; index < given.length; index += 1) {
    const word = given[index] ?? '';
    if (word === '--') {
      hasRepository ||= index + 1 < given.length;
      break;
    }
    hasData ||= word === '--data' || word.startsWith('--data=');
    if (withValue.has(word)) index += 1;
    else hasRepository ||= !word.startsWith('-');
  }
  return [...(hasData ? [] : ['--data', join(root, '.data')]), ...given, ...(hasRepository ? [] : [root])];
}
