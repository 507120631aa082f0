import { InvalidArgumentError, type Command } from 'commander';
import { GitMirrorError } from '../../core/error.ts';
import { Flag, parseBoolean } from './flag.ts';

/** What `text` means for `flag`, as it would behind it on the command line. Throws `InvalidArgumentError` with a sentence. */
export function flagValue(flag: Flag, text: string): unknown {
  if (flag.isBoolean()) {
    const value = parseBoolean(text);
    if (value === undefined) throw new InvalidArgumentError('Give true or false.');
    return value;
  }
  if (flag.argChoices?.includes(text) === false) {
    throw new InvalidArgumentError(`Give one of ${flag.argChoices.join(', ')}.`);
  }
  const parts = flag.repeatable ? text.split(/\s+/).filter((part) => part !== '') : [text];
  // Flags with choices parse to the text itself.
  const parse = flag.argChoices === undefined ? flag.parseArg : undefined;
  if (parse === undefined) return text;
  return parts.reduce<unknown>((previous, part) => parse(part, previous), undefined);
}

/**
 * Gives every flag of `command` that is not on the command line the value of its environment variable. An empty
 * variable counts as not set. Throws `GM_USAGE` that names the variable, never its value: it may be a secret.
 */
export function applyEnvironment(command: Command, env: NodeJS.ProcessEnv): void {
  for (const flag of command.options) {
    if (!(flag instanceof Flag) || flag.environment === undefined || flag.negate) continue;
    const name = flag.attributeName();
    const text = env[flag.environment];
    if (text === undefined || text === '' || command.getOptionValueSource(name) === 'cli') continue;
    try {
      command.setOptionValueWithSource(name, flagValue(flag, text), 'env');
    } catch (error) {
      if (!(error instanceof InvalidArgumentError)) throw error;
      throw new GitMirrorError(
        'GM_USAGE',
        `The environment variable ${flag.environment} (${flag.long ?? flag.flags}) has no usable value. ${error.message}`,
        { details: { field: flag.environment } },
      );
    }
  }
}
