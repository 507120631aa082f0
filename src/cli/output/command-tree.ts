import type { Command, Option } from 'commander';

/** A flag as completion and documentation show it. */
export interface FlagDescription {
  readonly long: string;
  readonly short: string | undefined;
  readonly description: string;
  /** What its value is called; undefined when it takes none. */
  readonly value: string | undefined;
  readonly choices: readonly string[];
  readonly repeatable: boolean;
  /** Variable that stands in for it. */
  readonly environment: string | undefined;
  /** Heading it is listed below, without a colon. */
  readonly group: string;
}

/** A positional argument. */
export interface ArgumentDescription {
  readonly name: string;
  readonly choices: readonly string[];
  readonly variadic: boolean;
}

/** A command and all that may follow it. */
export interface CommandDescription {
  readonly name: string;
  readonly summary: string;
  readonly flags: readonly FlagDescription[];
  readonly arguments: readonly ArgumentDescription[];
}

/** All commands. */
export interface TreeDescription {
  /** Flags that stand in front of a command. */
  readonly flags: readonly FlagDescription[];
  readonly commands: readonly CommandDescription[];
}

function describeFlag(option: Option): FlagDescription {
  const details = option as Option & { readonly repeatable?: boolean; readonly environment?: string };
  return {
    long: option.long ?? option.flags,
    short: option.short,
    description: option.description,
    value: option.required || option.optional ? /[<[]([^>\]]+)/.exec(option.flags)?.[1] : undefined,
    choices: option.argChoices ?? [],
    repeatable: details.repeatable ?? false,
    environment: details.environment,
    group: (option.helpGroupHeading ?? 'Options').replace(/:$/, ''),
  };
}

function visibleFlags(command: Command): readonly FlagDescription[] {
  return command.createHelp().visibleOptions(command).map(describeFlag);
}

/** What completion and documentation need to know of the commands below `root`. Hidden flags are left out. */
export function describeTree(root: Command): TreeDescription {
  const commands = root.createHelp().visibleCommands(root);
  return {
    flags: visibleFlags(root),
    commands: commands.map((command) => ({
      name: command.name(),
      summary: command.summary() === '' ? command.description() : command.summary(),
      flags: visibleFlags(command),
      arguments: command.registeredArguments.map((argument) => ({
        name: argument.name(),
        choices: command.name() === 'help' ? commands.map((other) => other.name()) : (argument.argChoices ?? []),
        variadic: argument.variadic,
      })),
    })),
  };
}
