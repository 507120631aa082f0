import { Command, type ParseOptionsResult } from 'commander';

const helpWords: ReadonlySet<string> = new Set(['-h', '--help']);

/**
 * A command that hands the words behind it to another program, in order and unread, but for flags of its own, wherever
 * these stand in front of `--`.
 */
export class PassThroughCommand extends Command {
  readonly #onlyWithEquals: ReadonlySet<string>;

  /**
   * @param onlyWithEquals - flags of its own (`--mirror`) that the other program has, too: they are its own when a value is
   *   stuck to them (`--mirror=…`), and the other program's otherwise
   */
  constructor(name: string, onlyWithEquals: readonly string[]) {
    super(name);
    this.#onlyWithEquals = new Set(onlyWithEquals);
  }

  override parseOptions(words: string[]): ParseOptionsResult {
    const end = words.indexOf('--');
    const left = end < 0 ? [...words] : words.slice(0, end);
    const own: string[] = [];
    const operands: string[] = [];
    const help: string[] = [];
    for (let word = left.shift(); word !== undefined; word = left.shift()) {
      const [name = ''] = word.split('=', 1);
      const hasValue = name !== word;
      const option = this.options.find(({ long }) => long === name);
      if (helpWords.has(word)) help.push(word);
      else if (option === undefined || (this.#onlyWithEquals.has(name) && !hasValue)) operands.push(word);
      else own.push(word, ...(option.required && !hasValue ? left.splice(0, 1) : []));
    }
    const parsed = super.parseOptions(own);
    return {
      operands: [...operands, ...(end < 0 ? [] : words.slice(end))],
      unknown: [...help, ...parsed.unknown],
    };
  }
}
