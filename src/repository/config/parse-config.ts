import { GitMirrorError } from '../../core/error.ts';
import { decodeRawText } from '../../core/raw-text.ts';
import { repositoryLimits } from '../repository-limits.ts';
import { isKeyCharacter, isLetter, isSpace, lowerCase } from './config-characters.ts';

/** One variable of a configuration file. */
export interface ConfigVariable {
  /** `section.name` or `section.subsection.name`, as `GitConfig` has it. */
  readonly key: string;
  /** Undefined for a name without `=`, which is true as a boolean and no string at all. */
  readonly value: string | undefined;
  readonly line: number;
}

/** What a configuration file says, as far as it makes sense. */
export interface ParsedConfig {
  readonly variables: readonly ConfigVariable[];
  /** The line that makes no sense, where parsing ended; undefined when all of it does. */
  readonly badLine: number | undefined;
}

const byteOrderMark = '\u00ef\u00bb\u00bf';

/**
 * Parses a configuration file (git-config(1), "Syntax"): comments, continued lines, quotes and escapes, subsections in
 * quotes and in the old form `[section.sub]`, CR before LF, and a byte order mark in front. Nothing is read past the
 * first line that is wrong.
 *
 * @throws GitMirrorError `GM_LIMIT` when all keys together are too long
 */
export function parseConfig(bytes: Uint8Array): ParsedConfig {
  // One character a byte: values are turned into text one by one.
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  return new ConfigParser(text).parse();
}

class ConfigParser {
  readonly #text: string;
  #at = 0;
  #line = 1;
  #atEnd = false;
  #keyLength = 0;
  readonly #variables: ConfigVariable[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  parse(): ParsedConfig {
    if (this.#text.startsWith(byteOrderMark)) this.#at = byteOrderMark.length;
    else if (this.#text.startsWith(byteOrderMark.slice(0, 1))) return this.#bad();
    let section = '';
    for (;;) {
      const character = this.#next();
      if (character === '\n') {
        if (this.#atEnd) return { variables: this.#variables, badLine: undefined };
      } else if (character === '#' || character === ';') {
        this.#skipComment();
      } else if (character === '[') {
        const name = this.#readSection();
        if (name === undefined || name === '') return this.#bad();
        section = toText(`${name}.`);
      } else if (isLetter(character)) {
        if (!this.#readVariable(section, character)) return this.#bad();
      } else if (!isSpace(character)) {
        return this.#bad();
      }
    }
  }

  #bad(): ParsedConfig {
    return { variables: this.#variables, badLine: this.#line };
  }

  /** The next character; LF for CR LF, and at the end. */
  #next(): string {
    if (this.#at >= this.#text.length) {
      if (!this.#atEnd) this.#line++;
      this.#atEnd = true;
      return '\n';
    }
    let character = this.#text.charAt(this.#at++);
    if (character === '\r' && this.#text.charAt(this.#at) === '\n') {
      character = '\n';
      this.#at++;
    }
    if (character === '\n') this.#line++;
    return character;
  }

  #skipComment(): void {
    const end = this.#text.indexOf('\n', this.#at);
    this.#at = end < 0 ? this.#text.length : end;
  }

  #readSection(): string | undefined {
    let name = '';
    for (;;) {
      const character = this.#next();
      if (this.#atEnd) return undefined;
      if (character === ']') return name;
      if (isSpace(character)) return this.#readSubsection(name, character);
      if (!isKeyCharacter(character) && character !== '.') return undefined;
      name += lowerCase(character);
    }
  }

  #readSubsection(section: string, space: string): string | undefined {
    let character = space;
    while (isSpace(character)) {
      if (character === '\n') {
        this.#incomplete();
        return;
      }
      character = this.#next();
    }
    if (character !== '"') return undefined;
    let name = '';
    for (;;) {
      character = this.#next();
      if (character === '"') break;
      if (character === '\\') character = this.#next();
      if (character === '\n') {
        this.#incomplete();
        return;
      }
      name += character;
    }
    return this.#next() === ']' ? `${section}.${name}` : undefined;
  }

  /** The line that ended too early is the one to name. */
  #incomplete(): undefined {
    this.#line--;
    return undefined;
  }

  #readVariable(section: string, first: string): boolean {
    let name = lowerCase(first);
    let character = this.#next();
    while (isKeyCharacter(character)) {
      name += lowerCase(character);
      character = this.#next();
    }
    while (character === ' ' || character === '\t') character = this.#next();
    let value: string | undefined;
    if (character !== '\n') {
      if (character !== '=') return false;
      value = this.#readValue();
      if (value === undefined) return false;
    }
    // A long subsection is repeated for each of its variables.
    this.#keyLength += section.length + name.length;
    if (this.#keyLength > repositoryLimits.maxConfigBytes) {
      throw new GitMirrorError(
        'GM_LIMIT',
        `the keys of a configuration file are too long (line ${String(this.#line)})`,
      );
    }
    const key = section.includes('\0') ? section.slice(0, section.indexOf('\0')) : section + name;
    this.#variables.push({ key, value: value && untilNul(toText(value)), line: this.#line - 1 });
    return true;
  }

  /** White space inside a value is kept as it is; around it, it is dropped unless quoted. */
  #readValue(): string | undefined {
    let value = '';
    let isQuoted = false;
    let trimmedLength = 0;
    for (;;) {
      const character = this.#next();
      if (character === '\n') {
        if (isQuoted) {
          this.#incomplete();
          return;
        }
        return trimmedLength > 0 ? value.slice(0, trimmedLength) : value;
      }
      if (!isQuoted && isSpace(character)) {
        if (trimmedLength === 0) trimmedLength = value.length;
        if (value !== '') value += character;
      } else if (!isQuoted && (character === ';' || character === '#')) {
        this.#skipComment();
      } else {
        trimmedLength = 0;
        if (character === '"') {
          isQuoted = !isQuoted;
        } else if (character === '\\') {
          const escape = this.#next();
          const meant = escapes.get(escape);
          if (meant === undefined) return undefined;
          value += meant;
        } else {
          value += character;
        }
      }
    }
  }
}

/** What a backslash makes of the character behind it; an escaped end of line continues the value on the next one. */
const escapes: ReadonlyMap<string, string> = new Map([
  ['\n', ''],
  ['t', '\t'],
  ['b', '\b'],
  ['n', '\n'],
  ['\\', '\\'],
  ['"', '"'],
]);

/** The text of bytes that are held as characters. */
function toText(characters: string): string {
  return decodeRawText(Buffer.from(characters, 'latin1'));
}

/** Where git's strings end. */
function untilNul(text: string): string {
  const end = text.indexOf('\0');
  return end < 0 ? text : text.slice(0, end);
}
