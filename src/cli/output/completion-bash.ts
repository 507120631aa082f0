import type { CommandDescription, FlagDescription, TreeDescription } from './command-tree.ts';

/** Words of `flags` as git's own completion offers them: an equals sign behind those that take a value. */
function flagWords(flags: readonly FlagDescription[]): string {
  return flags.map(({ long, value }) => (value === undefined ? long : `${long}=`)).join(' ');
}

function flagCase({ name, flags }: CommandDescription): string {
  return `    ${name}) echo '${flagWords(flags)}' ;;`;
}

function argumentCase({ name, arguments: operands }: CommandDescription): string[] {
  const choices = operands.flatMap((operand) => operand.choices);
  return choices.length === 0 ? [] : [`    ${name}) echo '${choices.join(' ')}' ;;`];
}

/** One line for each flag with a fixed set of values, whatever the command. */
function choiceCases({ commands }: TreeDescription): string[] {
  const choices = new Map(commands.flatMap(({ flags }) => flags.map((flag) => [flag.long, flag.choices] as const)));
  return [...choices].flatMap(([long, words]) =>
    words.length === 0 ? [] : [`    ${long}) echo '${words.join(' ')}' ;;`],
  );
}

function valueFlagPattern({ flags, commands }: TreeDescription): string {
  const all = [...flags, ...commands.flatMap((command) => command.flags)].filter(({ value }) => value !== undefined);
  return [...new Set(all.flatMap(({ long, short }) => (short === undefined ? [long] : [long, short])))].join('|');
}

/**
 * Completion for bash (3.2 and later). `_git_mirror` is the name that git's own completion calls for `git mirror`;
 * `git-mirror` by itself is completed by the same code. Paths are left to bash.
 */
export function bashScript(tree: TreeDescription): string {
  return `# Completion of git-mirror and \`git mirror\` for bash; written by \`git-mirror completion bash\`.

__git_mirror_flags () {
  case $1 in
${tree.commands.map(flagCase).join('\n')}
    *) echo '${flagWords(tree.flags)}' ;;
  esac
}

__git_mirror_choices () {
  case $1 in
${choiceCases(tree).join('\n')}
  esac
}

__git_mirror_arguments () {
  case $1 in
    '') echo '${tree.commands.map(({ name }) => name).join(' ')}' ;;
${tree.commands.flatMap(argumentCase).join('\n')}
  esac
}

# Offers the words of $1 that begin with $2, each with a space behind it unless a value follows.
__git_mirror_offer () {
  local word IFS=$' \\t\\n'
  COMPREPLY=()
  for word in $1; do
    case $word in
      "$2"*=) COMPREPLY+=("$word") ;;
      "$2"*) COMPREPLY+=("$word ") ;;
    esac
  done
}

# Reads cur, prev, words and cword; $1 is the place of the first word behind git-mirror.
__git_mirror_complete () {
  local i command=
  for ((i = $1; i < cword; i++)); do
    case \${words[i]} in
      -*) ;;
      *) command=\${words[i]}; break ;;
    esac
  done
  COMPREPLY=()
  case $cur in
    --*=*) __git_mirror_offer "$(__git_mirror_choices "\${cur%%=*}")" "\${cur#*=}"; return ;;
  esac
  case $prev in
    ${valueFlagPattern(tree)}) __git_mirror_offer "$(__git_mirror_choices "$prev")" "$cur"; return ;;
  esac
  case $cur in
    -*) __git_mirror_offer "$(__git_mirror_flags "$command")" "$cur" ;;
    *) __git_mirror_offer "$(__git_mirror_arguments "$command")" "$cur" ;;
  esac
}

# Called by git's own completion, which has set cur, prev, words and cword.
_git_mirror () {
  local i
  for ((i = 1; i < cword; i++)); do
    if [ "\${words[i]}" = mirror ]; then break; fi
  done
  __git_mirror_complete $((i + 1))
}

__git_mirror_main () {
  local cur prev words cword line=\${COMP_LINE:0:COMP_POINT}
  # Split at blanks only: bash would split at = and : too.
  read -ra words <<<"$line"
  case $line in
    *[[:blank:]]) words+=('') ;;
  esac
  cword=$((\${#words[@]} - 1))
  cur=\${words[cword]}
  prev=
  if [ "$cword" -gt 0 ]; then prev=\${words[cword - 1]}; fi
  __git_mirror_complete 1
}

complete -o bashdefault -o default -o nospace -F __git_mirror_main git-mirror
`;
}
