import type { ArgumentDescription, CommandDescription, FlagDescription, TreeDescription } from './command-tree.ts';

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Text inside a specification of `_arguments`, where brackets and colons mean something. */
function escapeSpec(text: string): string {
  return text.replace(/[\\[\]:]/g, '\\$&');
}

function valueSpec({ value, choices }: FlagDescription): string {
  if (value === undefined) return '';
  if (choices.length > 0) return `:${escapeSpec(value)}:(${choices.join(' ')})`;
  return `:${escapeSpec(value)}:${value === 'path' ? '_files' : ''}`;
}

function flagSpec(flag: FlagDescription): string {
  const { long, short, description, value, repeatable } = flag;
  const text = `[${escapeSpec(description)}]${valueSpec(flag)}`;
  const name = value === undefined ? long : `${long}=`;
  const shortName = short === undefined || value === undefined ? short : `${short}+`;
  if (repeatable) {
    const names = shortName === undefined ? quote(`*${name}`) : `'*'{${shortName},${name}}`;
    return `${names}${quote(text)}`;
  }
  return shortName === undefined ? quote(name + text) : `'(${short} ${long})'{${shortName},${name}}${quote(text)}`;
}

function argumentSpec({ name, choices, variadic }: ArgumentDescription, index: number): string {
  const completer = choices.length > 0 ? `(${choices.join(' ')})` : '_files';
  return quote(`${variadic ? '*' : index + 1}:${escapeSpec(name)}:${completer}`);
}

function commandCase({ name, flags, arguments: operands }: CommandDescription): string {
  const specs = [...flags.map(flagSpec), ...operands.map(argumentSpec)];
  return `        ${name})
          _arguments -s -S ${['', ...specs].join(' \\\n            ')} && ret=0
          ;;`;
}

/** Completion for zsh. The function is named as zsh's own completion of git wants it for `git mirror`. */
export function zshScript(tree: TreeDescription): string {
  return `#compdef git-mirror
# Completion of git-mirror and \`git mirror\` for zsh; written by \`git-mirror completion zsh\`.

_git-mirror () {
  local curcontext=$curcontext state line ret=1
  local -a commands
  commands=(
${tree.commands.map(({ name, summary }) => `    ${quote(`${name}:${summary.replaceAll(':', '\\:')}`)}`).join('\n')}
  )
  _arguments -C -S ${['', ...tree.flags.map(flagSpec), `'1:command:->command'`, `'*::argument:->argument'`].join(' \\\n    ')} && ret=0
  case $state in
    command)
      _describe -t commands command commands && ret=0
      ;;
    argument)
      case $words[1] in
${tree.commands.map(commandCase).join('\n')}
      esac
      ;;
  esac
  return ret
}

if [ "$funcstack[1]" = _git-mirror ]; then
  _git-mirror "$@"
else
  compdef _git-mirror git-mirror
fi
`;
}
