import { badLineError } from '../protocol-line.ts';
import { GitMirrorError } from '../../core/error.ts';

/** The arguments of a command, each `name=value` and given once. */
export class NamedArguments {
  readonly #doing: string;
  readonly #values: ReadonlyMap<string, string>;

  private constructor(doing: string, values: ReadonlyMap<string, string>) {
    this.#doing = doing;
    this.#values = values;
  }

  /**
   * The arguments in `lines`. `GM_PROTOCOL` for one whose name is not among `names`, and for one that comes twice.
   *
   * @param doing - begins messages, as in `reading a request for mirrors`
   */
  static read(doing: string, lines: readonly string[], names: readonly string[]): NamedArguments {
    const values = new Map<string, string>();
    for (const line of lines) {
      const equals = line.indexOf('=');
      const name = line.slice(0, Math.max(0, equals));
      if (!names.includes(name)) throw badLineError(doing, `one of ${names.join('=, ')}=`, line);
      if (values.has(name)) throw badLineError(doing, `${name}= once`, line);
      values.set(name, line.slice(equals + 1));
    }
    return new NamedArguments(doing, values);
  }

  /** What `parse` makes of the value; undefined without one. `GM_PROTOCOL` when it makes nothing of it. */
  get<Value>(name: string, what: string, parse: (text: string) => Value | undefined): Value | undefined {
    const text = this.#values.get(name);
    if (text === undefined) return undefined;
    const value = parse(text);
    if (value === undefined) throw badLineError(this.#doing, `${what} behind ${name}=`, text);
    return value;
  }

  /** As {@link get}; `GM_PROTOCOL` without one too. */
  require<Value>(name: string, what: string, parse: (text: string) => Value | undefined): Value {
    const value = this.get(name, what, parse);
    if (value === undefined) throw new GitMirrorError('GM_PROTOCOL', `${this.#doing}: ${name}= is missing`);
    return value;
  }
}
