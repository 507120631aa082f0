/** Whether a flag of git's takes a value: never, always (in the next word, or behind `=`), or behind `=` alone. */
export type ValueRule = 'none' | 'required' | 'optional';

/** The flags of one git command: long names without dashes, and short ones by their letter. */
export interface OptionTable {
  readonly long: Readonly<Record<string, ValueRule>>;
  /** Letter to long name. */
  readonly short: Readonly<Record<string, string>>;
}

/** A flag as it was given. */
export interface GivenOption {
  /** Long name without dashes; with `no-` in front when it was negated. As written when it is not in the table. */
  readonly name: string;
  readonly value: string | undefined;
  readonly isKnown: boolean;
}

/** Words of a git command, told apart. */
export interface OptionWords {
  readonly options: readonly GivenOption[];
  readonly operands: readonly string[];
}

/**
 * Tells flags from operands as git's own parser does (gitcli(7)): bundled letters, values stuck to their flag or in the
 * next word, long names cut short while they are clear, `--no-` in front, and nothing but operands behind `--`.
 *
 * A flag that is not in the table is taken for one without a value.
 */
export function readOptionWords(words: readonly string[], table: OptionTable): OptionWords {
  const options: GivenOption[] = [];
  const operands: string[] = [];
  const left = [...words];
  for (let word = left.shift(); word !== undefined; word = left.shift()) {
    if (word === '--') {
      operands.push(...left);
      break;
    }
    if (word.startsWith('--')) options.push(readLong(word.slice(2), left, table));
    else if (word.startsWith('-') && word !== '-') options.push(...readShort(word.slice(1), left, table));
    else operands.push(word);
  }
  return { options, operands };
}

function readLong(text: string, left: string[], table: OptionTable): GivenOption {
  const equals = text.indexOf('=');
  const given = equals < 0 ? text : text.slice(0, equals);
  const value = equals < 0 ? undefined : text.slice(equals + 1);
  const name = fullName(given, table);
  if (name === undefined) return { name: given, value, isKnown: false };
  const takesNext = value === undefined && table.long[name] === 'required';
  return { name, value: takesNext ? left.shift() : value, isKnown: true };
}

/** The whole name of a flag that may be cut short or negated; undefined when there is none such, or more than one. */
function fullName(given: string, { long }: OptionTable): string | undefined {
  const isNegatedName = (name: string): boolean => name.startsWith('no-') && Object.hasOwn(long, name.slice(3));
  if (Object.hasOwn(long, given) || isNegatedName(given)) return given;
  const [prefix, rest] = given.startsWith('no-') ? ['no-', given.slice(3)] : ['', given];
  const matches = Object.keys(long).filter((name) => name.startsWith(rest));
  return matches.length === 1 && rest !== '' ? `${prefix}${String(matches[0])}` : undefined;
}

function readShort(letters: string, left: string[], { long, short }: OptionTable): readonly GivenOption[] {
  const options: GivenOption[] = [];
  for (let index = 0; index < letters.length; index += 1) {
    const letter = letters.charAt(index);
    const name = Object.hasOwn(short, letter) ? short[letter] : undefined;
    if (name === undefined) {
      options.push({ name: letter, value: undefined, isKnown: false });
      continue;
    }
    const rule = long[name] ?? 'none';
    const stuck = letters.slice(index + 1);
    if (rule === 'none') options.push({ name, value: undefined, isKnown: true });
    else {
      const value = stuck !== '' ? stuck : rule === 'required' ? left.shift() : undefined;
      options.push({ name, value, isKnown: true });
      break;
    }
  }
  return options;
}
