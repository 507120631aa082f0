import { InvalidArgumentError, Option } from 'commander';

/** Word for `GIT_MIRROR_<FLAG>`: the flag's long name in capitals, dashes as underscores. */
export function environmentName(longName: string): string {
  return `GIT_MIRROR_${longName
    .replace(/^--(?:no-)?/, '')
    .replaceAll('-', '_')
    .toUpperCase()}`;
}

/** How a {@link Flag} differs from a plain option. */
export interface FlagSettings {
  /** Turns the text into a value; throws `InvalidArgumentError` with a sentence. Given the value so far if repeatable. */
  readonly parse?: ((text: string, previous: never) => unknown) | undefined;
  /** Words allowed. */
  readonly choices?: readonly string[] | undefined;
  /** Name of the environment variable; default {@link environmentName}; `false` for none. */
  readonly environment?: string | false | undefined;
  /** The flag may be given several times; in the environment its values are separated by white space. */
  readonly repeatable?: boolean | undefined;
  /** Heading it is listed below in the help. */
  readonly group?: string | undefined;
}

/** A command line option that can also be set by an environment variable. */
export class Flag extends Option {
  /** Variable that stands in for the flag, if there is one. */
  readonly environment: string | undefined;
  readonly repeatable: boolean;

  constructor(flags: string, description: string, settings: FlagSettings = {}) {
    super(flags, description);
    this.repeatable = settings.repeatable ?? false;
    const name = settings.environment ?? environmentName(this.long ?? flags);
    this.environment = name === false ? undefined : name;
    if (settings.choices !== undefined) this.choices(settings.choices);
    if (settings.parse !== undefined) this.argParser(settings.parse as (text: string, previous: unknown) => unknown);
    if (settings.group !== undefined) this.helpGroup(settings.group);
  }
}

/** Builds flags afresh for each command that has them; commander keeps state in them. */
export type FlagGroup = () => readonly Flag[];

/** Adds `text` to the values given before. For repeatable flags. */
export function collect(text: string, previous: readonly string[] | undefined): readonly string[] {
  if (text === '') throw new InvalidArgumentError('It is empty.');
  return [...(previous ?? []), text];
}

const trueWords = new Set(['1', 'true', 'yes', 'on']);
const falseWords = new Set(['0', 'false', 'no', 'off']);

/** A yes or no as Git's configuration writes it (git-config(1), "Values: boolean"); undefined for any other word. */
export function parseBoolean(text: string): boolean | undefined {
  const word = text.toLowerCase();
  if (trueWords.has(word)) return true;
  return falseWords.has(word) ? false : undefined;
}
