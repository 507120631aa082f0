import type { CommandSpec } from '../commands/command-spec.ts';
import type { FlagDescription, TreeDescription } from './command-tree.ts';

/** `text` as roff: backslashes and dashes escaped, no line that begins with a control character. */
function escapeRoff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/gm, '\\&$1');
}

function flagTerm({ short, long, value }: FlagDescription): string {
  const names = [short, long].filter((name) => name !== undefined).map((name) => `\\fB${escapeRoff(name)}\\fR`);
  return `${names.join(', ')}${value === undefined ? '' : ` \\fI${escapeRoff(value)}\\fR`}`;
}

function flagEntry(flag: FlagDescription, commands: readonly string[]): string[] {
  const { description, choices, environment, long } = flag;
  const sentence = `${description.charAt(0).toUpperCase()}${description.slice(1)}`;
  const facts = [
    ...(choices.length === 0 ? [] : [`one of ${choices.join(', ')}`]),
    ...(environment === undefined || long.startsWith('--no-') ? [] : [`variable ${environment}`]),
    `for ${commands.join(', ')}`,
  ];
  return ['.TP', flagTerm(flag), escapeRoff(`${sentence} (${facts.join('; ')}).`)];
}

function flagSections({ commands }: TreeDescription): string[] {
  const flags = new Map<string, { readonly flag: FlagDescription; readonly commands: string[] }>();
  for (const command of commands) {
    for (const flag of command.flags) {
      if (flag.long === '--help') continue;
      const key = `${flag.long} ${flag.description}`;
      const entry = flags.get(key) ?? { flag, commands: [] };
      entry.commands.push(command.name);
      flags.set(key, entry);
    }
  }
  const groups = Map.groupBy(flags.values(), ({ flag }) => flag.group);
  return [...groups].flatMap(([group, entries]) => [
    `.SS ${escapeRoff(group)}`,
    ...entries.flatMap((entry) => flagEntry(entry.flag, entry.commands)),
  ]);
}

function commandEntry({ name, description, arguments: operands, examples }: CommandSpec): string[] {
  const terms = operands.map(({ term }) => `\\fI${escapeRoff(term)}\\fR`);
  return [
    '.TP',
    [`\\fBgit mirror ${escapeRoff(name)}\\fR`, '[\\fIflags\\fR]', ...terms].join(' '),
    escapeRoff(description.replaceAll('`', '')),
    ...examples.flatMap(({ command, purpose }) => [
      '.IP',
      escapeRoff(`${purpose.charAt(0).toUpperCase()}${purpose.slice(1)}:`),
      '.br',
      `\\fBgit mirror ${escapeRoff(command)}\\fR`,
    ]),
  ];
}

function statusEntries(specs: readonly CommandSpec[]): string[] {
  const longest = specs.map(({ exitStatus }) => exitStatus).toSorted((a, b) => b.length - a.length)[0] ?? [];
  return longest.flatMap((line) => {
    const [status = '', ...meaning] = line.split(/ {2,}/);
    return ['.TP', `\\fB${status}\\fR`, escapeRoff(meaning.join(' '))];
  });
}

/** The manual page of the whole program, which `git mirror --help` asks Git for, in the man macros of roff. */
export function manualPage(specs: readonly CommandSpec[], tree: TreeDescription): string {
  return `${[
    '.TH GIT\\-MIRROR 1 "" "git\\-mirror" "Git Manual"',
    // Ragged right and without hyphens: commands are to be copied.
    '.ad l',
    '.nh',
    '.SH NAME',
    'git\\-mirror \\- copy Git repositories from remote to remote, with no clone in between',
    '.SH SYNOPSIS',
    '\\fBgit mirror\\fR [\\fIflags\\fR] \\fIcommand\\fR [\\fIflags\\fR] [\\fIarguments\\fR]',
    '.SH COMMANDS',
    ...specs.flatMap(commandEntry),
    '.SH FLAGS',
    'Every flag can be set by a variable; the flag wins. Those of Output may stand in front of the command as well.',
    ...flagSections(tree),
    '.SH EXIT STATUS',
    ...statusEntries(specs),
    '.SH ENVIRONMENT',
    '.TP',
    '\\fBGIT_MIRROR_TRACE_PACKET\\fR',
    'Appends a packet trace to this file; 1, 2 or true: to standard error.',
    '.TP',
    '\\fBNO_COLOR\\fR, \\fBFORCE_COLOR\\fR',
    'Whether output has colours when no flag says so.',
    '.SH MIRROR URLS',
    '\\fBgit clone mirror::\\fR\\fIurl\\fR and all that fetches from or pushes to such a remote goes through \\fBgit\\-remote\\-mirror\\fR: refs come',
    'from the origin at \\fIurl\\fR, objects from mirrors where they have them, and pushes go to the origin.',
    '.SH SEE ALSO',
    '\\fBgit\\fR(1), \\fBgit\\-push\\fR(1), \\fBgit\\-clone\\fR(1), \\fBgitcredentials\\fR(7)',
  ].join('\n')}\n`;
}
