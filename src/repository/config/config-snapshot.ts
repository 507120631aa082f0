import { hash } from 'node:crypto';
import { GitMirrorError } from '../../core/error.ts';
import type { GitConfig } from '../git-config.ts';
import { splitKey } from './config-key.ts';
import { type IntegerRange, parseConfigBoolean, parseConfigInteger } from './config-number.ts';
import type { ConfigEntry, ConfigScope } from './load-config.ts';

const protectedScopes: ReadonlySet<ConfigScope> = new Set(['system', 'global', 'command']);

/** A {@link GitConfig} over variables in the order in which they were read. Its version is a digest of them all. */
export class ConfigSnapshot implements GitConfig {
  readonly version: string;
  readonly #all: readonly ConfigEntry[];
  readonly #entries = new Map<string, ConfigEntry[]>();
  readonly #subsections = new Map<string, Set<string>>();

  constructor(entries: readonly ConfigEntry[]) {
    this.#all = entries;
    for (const entry of entries) {
      const list = this.#entries.get(entry.key);
      if (list === undefined) this.#entries.set(entry.key, [entry]);
      else list.push(entry);
      const { section, subsection } = splitKey(entry.key);
      if (subsection !== undefined) {
        const names = this.#subsections.get(section);
        if (names === undefined) this.#subsections.set(section, new Set([subsection]));
        else names.add(subsection);
      }
    }
    const facts = entries.map(({ key, value, scope, isConditional }) => [key, value ?? null, scope, isConditional]);
    this.version = hash('sha256', JSON.stringify(facts), 'hex');
  }

  get(key: string): string | undefined {
    const entry = this.#last(key);
    return entry && textOf(entry);
  }

  getAll(key: string): readonly string[] {
    return (this.#entries.get(key) ?? []).map(textOf);
  }

  getBoolean(key: string): boolean | undefined {
    const entry = this.#last(key);
    if (entry === undefined) return undefined;
    const value = parseConfigBoolean(entry.value);
    if (value === undefined) throw bad(`bad boolean config value '${entry.value ?? ''}' for '${key}'`, entry);
    return value;
  }

  getInteger(key: string, range?: IntegerRange): number | undefined {
    const entry = this.#last(key);
    if (entry === undefined) return undefined;
    const value = entry.value ?? '';
    const number = parseConfigInteger(value, range);
    if ('value' in number) return number.value;
    const where = entry.file === undefined ? '' : ` in file ${entry.file}`;
    throw bad(`bad numeric config value '${value}' for '${key}'${where}: ${number.problem}`, entry);
  }

  *entries(prefix: string): Generator<readonly [key: string, value: string | undefined], void, undefined> {
    for (const { key, value } of this.#all) if (key.startsWith(prefix)) yield [key, value];
  }

  subsections(section: string): readonly string[] {
    return [...(this.#subsections.get(section) ?? [])];
  }

  getProtected(key: string): string | undefined {
    const entry = this.#entries.get(key)?.findLast(({ scope, isConditional }) => {
      return protectedScopes.has(scope) && !isConditional;
    });
    return entry && textOf(entry);
  }

  #last(key: string): ConfigEntry | undefined {
    return this.#entries.get(key)?.at(-1);
  }
}

function textOf({ value = 'true' }: ConfigEntry): string {
  return value;
}

function bad(message: string, { key, file }: ConfigEntry): GitMirrorError {
  return new GitMirrorError('GM_CORRUPT', message, { details: { key, ...(file === undefined ? {} : { path: file }) } });
}
