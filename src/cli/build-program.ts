import { Argument, Command, type HelpConfiguration } from 'commander';
import { version } from '../core/version.ts';
import { plainStatuses, type CommandSpec } from './commands/command-spec.ts';
import { outputFlags } from './flags/output-flags.ts';
import { PassThroughCommand } from './pass-through-command.ts';

const helpStyle: HelpConfiguration = { minWidthToWrap: 40, subcommandTerm: (command) => command.name() };

/** Carries out what was parsed. */
export type Dispatch = (spec: CommandSpec, command: Command) => Promise<void>;

function helpSuffix(spec: CommandSpec): string {
  const examples = spec.examples.flatMap(({ command, purpose }) => [`  # ${purpose}`, `  git mirror ${command}`]);
  const statuses = spec.exitStatus.map((line) => `  ${line}`);
  const environment =
    spec.flagGroups.length === 0
      ? []
      : ['', 'Every flag may be set by a variable: --dry-run by GIT_MIRROR_DRY_RUN; see docs/usage.md.'];
  return ['', 'Examples:', ...examples, '', 'Exit status:', ...statuses, ...environment].join('\n');
}

function buildCommand(spec: CommandSpec, dispatch: Dispatch): Command {
  const { name, passThrough } = spec;
  const command =
    passThrough === undefined ? new Command(name) : new PassThroughCommand(name, passThrough.onlyWithEquals);
  command.summary(spec.summary).description(spec.description);
  for (const { term, description, choices } of spec.arguments) {
    const argument = new Argument(term, description);
    command.addArgument(choices === undefined ? argument : argument.choices(choices));
  }
  for (const group of spec.flagGroups) for (const flag of group()) command.addOption(flag);
  return command
    .helpOption('-h, --help', 'show this help')
    .addHelpText('after', helpSuffix(spec))
    .action(() => dispatch(spec, command));
}

/**
 * A tree of the commands `specs`, built anew: commander keeps what it parsed in it. Errors of parsing are thrown as
 * `CommanderError`, and nothing is written to the process's own streams.
 */
export function buildCommandTree(specs: readonly CommandSpec[], dispatch: Dispatch): Command {
  const root = new Command('git mirror')
    .usage('[options] <command>')
    .description(
      'Copies Git repositories from remote to remote, with no clone in between.\nRun `git mirror <command> --help` for the flags and examples of a command.',
    )
    .version(`git-mirror ${version}`, '-V, --version', 'show the version')
    .helpOption('-h, --help', 'show this help')
    .helpCommand('help [command]', 'show the help of a command')
    // Flags in front of the command belong to all commands; those behind it to the command.
    .enablePositionalOptions()
    .addHelpText('after', ['', 'Exit status:', ...plainStatuses.map((line) => `  ${line}`)].join('\n'));
  for (const flag of outputFlags()) root.addOption(flag);
  for (const spec of specs) root.addCommand(buildCommand(spec, dispatch));
  for (const command of [root, ...root.commands]) command.exitOverride().configureHelp(helpStyle);
  return root;
}
