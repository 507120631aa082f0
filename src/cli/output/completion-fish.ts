import type { CommandDescription, FlagDescription, TreeDescription } from './command-tree.ts';

function quote(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}

function flagLine(condition: string, { long, short, description, value, choices }: FlagDescription): string {
  return [
    `complete -c git-mirror -n ${quote(condition)}`,
    ...(short === undefined ? [] : [`-s ${short.slice(1)}`]),
    `-l ${long.slice(2)}`,
    ...(value === undefined
      ? []
      : choices.length > 0
        ? [`-x -a ${quote(choices.join(' '))}`]
        : value === 'path'
          ? ['-r -F']
          : ['-x']),
    `-d ${quote(description)}`,
  ].join(' ');
}

function commandLines({ name, flags, arguments: operands }: CommandDescription): string[] {
  const condition = `__fish_seen_subcommand_from ${name}`;
  const choices = operands.flatMap((operand) => operand.choices);
  return [
    ...flags.map((flag) => flagLine(condition, flag)),
    ...(choices.length === 0
      ? []
      : [`complete -c git-mirror -n ${quote(condition)} -f -a ${quote(choices.join(' '))}`]),
  ];
}

/** `git mirror …` is completed as `git-mirror …`; the completion of git that comes with fish does not always do so. */
const gitBridge = `
function __git_mirror_in_git
    string match -qr '^git( -\\S+( \\S+)?)* mirror( |$)' -- (string join ' ' -- (commandline -opc))
end

function __git_mirror_for_git
    set -l words (commandline -opc)
    set -e words[1..(contains -i -- mirror $words)]
    complete -C "git-mirror $words "(commandline -ct)
end

complete -c git -f -n __git_mirror_in_git -a '(__git_mirror_for_git)'`;

/** Completion for fish, for `git-mirror` and for `git mirror`. */
export function fishScript(tree: TreeDescription): string {
  const noCommand = '__fish_use_subcommand';
  return [
    '# Completion of git-mirror and `git mirror` for fish; written by `git-mirror completion fish`.',
    ...tree.commands.map(
      ({ name, summary }) => `complete -c git-mirror -n ${quote(noCommand)} -f -a ${name} -d ${quote(summary)}`,
    ),
    ...tree.flags.map((flag) => flagLine(noCommand, flag)),
    ...tree.commands.flatMap(commandLines),
    gitBridge,
    '',
  ].join('\n');
}
