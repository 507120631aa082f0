import { GitMirrorError } from '../../core/error.ts';
import { isSpace } from './config-characters.ts';
import { canonicalKey } from './config-key.ts';
import type { Environment } from './expand-path.ts';

/** A variable that the environment sets. */
export interface EnvironmentVariable {
  readonly key: string;
  readonly value: string | undefined;
}

/** Names of all variables that {@link readEnvironmentConfig} looks at, each with its value, as one string. */
export function environmentConfigKey(env: Environment): string {
  const names = ['GIT_CONFIG_PARAMETERS', 'GIT_CONFIG_COUNT'];
  const count = Number.parseInt(env['GIT_CONFIG_COUNT'] ?? '', 10);
  for (let index = 0; index < count && env[`GIT_CONFIG_KEY_${String(index)}`] !== undefined; index++) {
    names.push(`GIT_CONFIG_KEY_${String(index)}`, `GIT_CONFIG_VALUE_${String(index)}`);
  }
  return JSON.stringify(names.map((name) => env[name] ?? null));
}

/**
 * What `GIT_CONFIG_COUNT` with its pairs, and then `GIT_CONFIG_PARAMETERS` (how `git -c` hands its settings on), say
 * (git-config(1), "ENVIRONMENT").
 *
 * @throws GitMirrorError `GM_CORRUPT`, in git's words
 */
export function readEnvironmentConfig(env: Environment): readonly EnvironmentVariable[] {
  const parameters = env['GIT_CONFIG_PARAMETERS'];
  return [...readCounted(env), ...(parameters === undefined ? [] : parseParameters(parameters))];
}

function readCounted(env: Environment): EnvironmentVariable[] {
  const text = env['GIT_CONFIG_COUNT'];
  if (text === undefined) return [];
  if (!/^(?:\s*[+-]?\d+)?$/.test(text)) throw refuse('bogus count in GIT_CONFIG_COUNT');
  const count = Number(text);
  if (count > 0x7fff_ffff || count < 0) throw refuse('too many entries in GIT_CONFIG_COUNT');
  const variables: EnvironmentVariable[] = [];
  for (let index = 0; index < count; index++) {
    const keyName = `GIT_CONFIG_KEY_${String(index)}`;
    const valueName = `GIT_CONFIG_VALUE_${String(index)}`;
    const key = env[keyName];
    if (key === undefined) throw refuse(`missing config key ${keyName}`);
    const value = env[valueName];
    if (value === undefined) throw refuse(`missing config value ${valueName}`);
    variables.push(makeVariable(key, value));
  }
  return variables;
}

function makeVariable(text: string, value: string | undefined): EnvironmentVariable {
  if (text === '') throw refuse('empty config key');
  const result = canonicalKey(text);
  if ('problem' in result) throw refuse(result.problem);
  return { key: result.key, value };
}

/** `'key'='value'`, `'key'=` and, from older versions, `'key=value'`, with white space between. */
function parseParameters(text: string): EnvironmentVariable[] {
  const variables: EnvironmentVariable[] = [];
  const reader = new QuotedWords(text);
  while (!reader.isAtEnd()) {
    const first = reader.word();
    if (reader.isAtBreak()) {
      const equals = first.indexOf('=');
      const key = equals < 0 ? first : first.slice(0, equals);
      if (key === '') throw refuse(`bogus config parameter: ${first}`);
      variables.push(makeVariable(key, equals < 0 ? undefined : first.slice(equals + 1)));
    } else {
      reader.equals();
      const value = reader.isAtBreak() ? undefined : reader.word();
      if (!reader.isAtBreak()) throw bogusFormat();
      variables.push(makeVariable(first, value));
    }
    reader.skipSpace();
  }
  return variables;
}

class QuotedWords {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  isAtEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  isAtBreak(): boolean {
    return this.isAtEnd() || isSpace(this.#text.charAt(this.#at));
  }

  skipSpace(): void {
    while (!this.isAtEnd() && this.isAtBreak()) this.#at++;
  }

  equals(): void {
    if (this.#text.charAt(this.#at) !== '=') throw bogusFormat();
    this.#at++;
  }

  /** A word in single quotes, in which `'\''` and `'\!'` stand for a quote and an exclamation mark. */
  word(): string {
    if (this.#text.charAt(this.#at) !== "'") throw bogusFormat();
    let word = '';
    for (;;) {
      const close = this.#text.indexOf("'", this.#at + 1);
      if (close < 0) throw bogusFormat();
      word += this.#text.slice(this.#at + 1, close);
      this.#at = close + 1;
      const escape = /^\\(['!])'/.exec(this.#text.slice(this.#at, this.#at + 3));
      if (escape === null) return word;
      word += escape[1] ?? '';
      this.#at += 2;
    }
  }
}

function bogusFormat(): GitMirrorError {
  return refuse('bogus format in GIT_CONFIG_PARAMETERS');
}

function refuse(problem: string): GitMirrorError {
  return new GitMirrorError('GM_CORRUPT', `unable to parse command-line config: ${problem}`);
}
