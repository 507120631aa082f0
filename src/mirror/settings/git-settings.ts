import { GitMirrorError } from '../../core/error.ts';
import { parseConfigBoolean } from '../../repository/config/config-number.ts';
import { printableText } from '../../wire/printable-text.ts';
import type { GitProgram } from '../git-program.ts';

/** Outside of any repository git lists what the user and the machine have; there is nothing else to fail with. */
const listArguments = ['config', '--list', '-z', '--includes'];

/** The configuration as git has it at this moment: all files, `-c` and the environment, in the order in which they count. */
export class GitSettings {
  readonly #values: ReadonlyMap<string, readonly string[]>;

  constructor(values: ReadonlyMap<string, readonly string[]>) {
    this.#values = values;
  }

  /** Every value of `key`, which is written as `section.subsection.name`: section and name in lower case. */
  all(key: string): readonly string[] {
    return this.#values.get(key) ?? [];
  }

  /** Every value behind the last empty one, which clears those before it, as for `credential.helper`. */
  list(key: string): readonly string[] {
    const values = this.all(key);
    return values.slice(values.lastIndexOf('') + 1);
  }

  /** The value that counts; undefined when there is none or it is empty. */
  last(key: string): string | undefined {
    const value = this.all(key).at(-1);
    return value === '' ? undefined : value;
  }

  /** What `parse` makes of the value that counts, undefined standing for nonsense: `GM_USAGE` that names the key. */
  parsed<Value>(key: string, parse: (text: string) => Value | undefined, expected: string): Value | undefined {
    const text = this.last(key);
    if (text === undefined) return undefined;
    const value = parse(text);
    if (value === undefined) throw badSetting(key, text, expected);
    return value;
  }

  /** A boolean as git reads one. */
  boolean(key: string): boolean | undefined {
    return this.parsed(key, parseConfigBoolean, 'true or false');
  }

  /** Subsections of `section` that have a variable `name`: `subsections('remote', 'url')`. */
  subsections(section: string, name: string): readonly string[] {
    const [head, tail] = [`${section}.`, `.${name}`];
    return [...this.#values.keys()]
      .filter((key) => key.startsWith(head) && key.endsWith(tail) && key.length > head.length + tail.length)
      .map((key) => key.slice(head.length, -tail.length));
  }
}

/** The configuration that `git` sees. One run of git. */
export async function readGitSettings(git: GitProgram): Promise<GitSettings> {
  const { stdout } = await git.run(listArguments);
  const values = new Map<string, string[]>();
  for (const entry of stdout.split('\0')) {
    if (entry === '') continue;
    const end = entry.indexOf('\n');
    const key = end < 0 ? entry : entry.slice(0, end);
    // A variable without a value is true (git-config(1), "Syntax").
    const value = end < 0 ? 'true' : entry.slice(end + 1);
    const known = values.get(key);
    if (known === undefined) values.set(key, [value]);
    else known.push(value);
  }
  return new GitSettings(values);
}

/** `GM_USAGE` for a value that makes no sense. */
function badSetting(key: string, text: string, expected: string): GitMirrorError {
  return new GitMirrorError(
    'GM_USAGE',
    `The setting ${printableText(key, 200)} is "${printableText(text, 80)}": give ${expected}`,
    { details: { field: key } },
  );
}
