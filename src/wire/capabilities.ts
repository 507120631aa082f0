import { GitMirrorError } from '../core/error.ts';
import { limits } from '../core/limits.ts';
import type { ObjectFormat } from '../core/object-id.ts';
import { printableText } from './printable-text.ts';

const controls = /[\u0000-\u001f\u007f]/;

/** Capabilities as they come in, one to a line, bounded while they do. */
export class CapabilityLines {
  readonly lines: string[] = [];
  #length = 0;

  /** Keeps `line`, unless it is empty, nameless or holds control characters. `GM_LIMIT` past the bounds. */
  add(line: string): void {
    if (line === '' || line.startsWith('=') || controls.test(line)) return;
    this.#length += line.length;
    if (this.lines.length >= limits.maxCapabilities || this.#length > limits.maxCapabilityBytes) {
      throw new GitMirrorError(
        'GM_LIMIT',
        `reading capabilities: more than ${limits.maxCapabilities} of them, or ${limits.maxCapabilityBytes} bytes`,
      );
    }
    this.lines.push(line);
  }
}

/**
 * The capabilities of one side, in the order they were sent (gitprotocol-capabilities; gitprotocol-v2, "Capability
 * Advertisement"). One that holds control characters is left out, as an unknown one is ignored.
 */
export class Capabilities {
  readonly #lines: readonly string[];
  readonly #values: ReadonlyMap<string, readonly string[]>;

  private constructor(lines: Iterable<string>) {
    const list = new CapabilityLines();
    for (const line of lines) list.add(line);
    const values = new Map<string, string[]>();
    for (const line of list.lines) {
      const equals = line.indexOf('=');
      const name = equals < 0 ? line : line.slice(0, equals);
      let known = values.get(name);
      if (known === undefined) values.set(name, (known = []));
      if (equals >= 0) known.push(line.slice(equals + 1));
    }
    this.#lines = list.lines;
    this.#values = values;
  }

  /** Protocol v0 and v1: separated by blanks, as they stand behind the NUL of the first ref. `GM_LIMIT`. */
  static parseList(text: string): Capabilities {
    return new Capabilities(text.split(/[ \t\n\r]+/));
  }

  /** Protocol v2: one to a line, `name` or `name=value`, without LF. `GM_LIMIT`. */
  static parseLines(lines: Iterable<string>): Capabilities {
    return new Capabilities(lines);
  }

  /** Whether `name` is there, with a value or without. */
  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** The first value of `name`; undefined when it is absent or has no `=`. */
  value(name: string): string | undefined {
    return this.#values.get(name)?.[0];
  }

  /** Every value of `name`, which may be sent several times (`symref`). */
  values(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }

  /** The words of the values of `name`, as in `fetch=shallow filter`. */
  features(name: string): ReadonlySet<string> {
    return new Set(this.values(name).flatMap((value) => value.split(' ').filter((word) => word !== '')));
  }

  /** Each name once, in order. */
  names(): readonly string[] {
    return [...this.#values.keys()];
  }

  /** Each as `name` or `name=value`, in order: what {@link parseLines} takes. */
  formatLines(): readonly string[] {
    return this.#lines;
  }

  /** All in one line: what {@link parseList} takes. `GM_INTERNAL` when a value holds blanks, as only v2 allows. */
  formatList(): string {
    return formatCapabilityList(this.#lines);
  }

  /** The hash function `object-format` names first; sha1 when absent. `GM_OBJECT_FORMAT` for any other than the two. */
  objectFormat(): ObjectFormat {
    const format = this.value('object-format') ?? 'sha1';
    if (format === 'sha1' || format === 'sha256') return format;
    throw new GitMirrorError(
      'GM_OBJECT_FORMAT',
      `reading capabilities: the other side names objects with "${printableText(format, 40)}"; sha1 and sha256 are known`,
      { details: { objectFormat: printableText(format, 40) } },
    );
  }
}

/** `GM_OBJECT_FORMAT` unless the `object-format` among `capabilities` (sha1 when absent) is `format`. */
export function requireObjectFormat(capabilities: Capabilities, format: ObjectFormat): void {
  const theirs = capabilities.objectFormat();
  if (theirs === format) return;
  throw new GitMirrorError(
    'GM_OBJECT_FORMAT',
    `reading a request: it names objects with ${theirs}, and this repository with ${format}`,
    { details: { theirs, ours: format } },
  );
}

/** Capabilities, each `name` or `name=value`, joined by blanks for v0 and v1. `GM_INTERNAL` when one holds a blank. */
export function formatCapabilityList(capabilities: readonly string[]): string {
  const bad = capabilities.find(
    (capability) => capability === '' || /\s/.test(capability) || controls.test(capability),
  );
  if (bad === undefined) return capabilities.join(' ');
  throw new GitMirrorError('GM_INTERNAL', `writing capabilities: "${printableText(bad, 80)}" cannot stand in a list`);
}
