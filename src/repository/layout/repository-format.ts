import { GitMirrorError } from '../../core/error.ts';
import type { ObjectFormat } from '../../core/object-id.ts';
import { parseConfigBoolean, parseConfigInteger } from '../config/config-number.ts';
import { type ConfigVariable, parseConfig } from '../config/parse-config.ts';
import { isSettled, readSmallFile, stampOf } from '../file-stamp.ts';
import { repositoryLimits } from '../repository-limits.ts';

/** How refs are stored (git-config(1), `extensions.refStorage`). */
export type RefStorage = 'files' | 'reftable';

/** What a repository's own configuration says of its format (gitrepository-layout(5), git-config(1) `extensions.*`). */
export interface RepositoryFormat {
  readonly version: number;
  readonly objectFormat: ObjectFormat;
  /** A second format whose names are kept beside those of the first. */
  readonly compatObjectFormat: ObjectFormat | undefined;
  readonly refStorage: RefStorage;
  /** Name of the promisor remote. */
  readonly partialClone: string | undefined;
  readonly preciousObjects: boolean;
  readonly worktreeConfig: boolean;
  /** `core.bare`, undefined when nothing is said. */
  readonly isBare: boolean | undefined;
}

/** Newest version of the format that git knows. */
const newestVersion = 1;

const unversioned: RepositoryFormat = {
  version: 0,
  objectFormat: 'sha1',
  compatObjectFormat: undefined,
  refStorage: 'files',
  partialClone: undefined,
  preciousObjects: false,
  worktreeConfig: false,
  isBare: undefined,
};

/**
 * Reads the format from a repository's `config` (no includes are followed, as git does it), and refuses what git refuses:
 * newer versions, extensions that are not known, and those that a repository of version 0 must not have. A file that
 * names no version, or that is not there, stands for the oldest format.
 *
 * @throws GitMirrorError `GM_CORRUPT`, in git's words
 */
export function readRepositoryFormat(path: string): RepositoryFormat {
  const known = remembered.get(path);
  if (known !== undefined && stampOf(path) === known.stamp) return known.format;
  remembered.delete(path);
  const file = readSmallFile(path, repositoryLimits.maxConfigFileBytes);
  if (file === undefined) return unversioned;
  const format = parseFormat(path, file.bytes);
  if (isSettled(file.stamp)) remember(path, { stamp: file.stamp, format });
  return format;
}

/** A file may be large, with a mirror on each line, and this is asked for with each request. */
const remembered = new Map<string, { readonly stamp: string; readonly format: RepositoryFormat }>();
const maxRemembered = 1000;

function remember(path: string, known: { readonly stamp: string; readonly format: RepositoryFormat }): void {
  remembered.set(path, known);
  for (const oldest of remembered.keys()) {
    if (remembered.size <= maxRemembered) break;
    remembered.delete(oldest);
  }
}

function parseFormat(path: string, bytes: Uint8Array): RepositoryFormat {
  const { variables, badLine } = parseConfig(bytes);
  const reader = new FormatReader(path);
  for (const variable of variables) reader.take(variable);
  if (badLine !== undefined) throw refuse(path, `bad config line ${String(badLine)} in file ${path}`);
  return reader.finish();
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

class FormatReader {
  readonly #path: string;
  readonly #format: Mutable<RepositoryFormat> = { ...unversioned };
  readonly #newExtensions: string[] = [];
  readonly #unknownExtensions: string[] = [];
  #hasVersion = false;

  constructor(path: string) {
    this.#path = path;
  }

  take(variable: ConfigVariable): void {
    const { key } = variable;
    if (key === 'core.repositoryformatversion') {
      this.#format.version = this.#integer(variable);
      this.#hasVersion = this.#format.version >= 0;
    } else if (key === 'core.bare') {
      this.#format.isBare = this.#boolean(variable);
    } else if (key.startsWith('extensions.')) {
      this.#takeExtension(key.slice('extensions.'.length), variable);
    }
  }

  finish(): RepositoryFormat {
    if (!this.#hasVersion) return unversioned;
    const { version } = this.#format;
    if (version > newestVersion) {
      throw this.#refuse(`Expected git repo version <= ${String(newestVersion)}, found ${String(version)}`);
    }
    if (version >= 1 && this.#unknownExtensions.length > 0) {
      throw this.#refuse(listed('unknown repository extension', this.#unknownExtensions));
    }
    if (version === 0 && this.#newExtensions.length > 0) {
      throw this.#refuse(listed('repo version is 0, but v1-only extension', this.#newExtensions));
    }
    return this.#format;
  }

  /** Those of the first group count whatever the version of the repository, for old times' sake. */
  #takeExtension(name: string, variable: ConfigVariable): void {
    const format = this.#format;
    switch (name) {
      case 'noop':
        return;
      case 'preciousobjects':
        format.preciousObjects = this.#boolean(variable);
        return;
      case 'partialclone':
        format.partialClone = this.#string(variable);
        return;
      case 'worktreeconfig':
        format.worktreeConfig = this.#boolean(variable);
        return;
      case 'noop-v1':
        break;
      case 'objectformat':
        format.objectFormat = this.#objectFormat(variable);
        break;
      case 'compatobjectformat':
        if (this.#newExtensions.includes(name)) {
          const before = String(format.compatObjectFormat);
          throw this.#badLine(variable, `'extensions.compatobjectformat' already specified as '${before}'`);
        }
        format.compatObjectFormat = this.#objectFormat(variable);
        break;
      case 'refstorage':
        format.refStorage = this.#refStorage(variable);
        break;
      case 'relativeworktrees':
      case 'submodulepathconfig':
        this.#boolean(variable);
        break;
      default:
        this.#unknownExtensions.push(name);
        return;
    }
    this.#newExtensions.push(name);
  }

  #objectFormat(variable: ConfigVariable): ObjectFormat {
    const value = this.#string(variable);
    if (value === 'sha1' || value === 'sha256') return value;
    throw this.#badLine(variable, `invalid value for '${variable.key}': '${value}'`);
  }

  /** Git 2.54 and newer know a path behind the name; such repositories are refused, as older ones do. */
  #refStorage(variable: ConfigVariable): RefStorage {
    const value = this.#string(variable);
    if (value === 'files' || value === 'reftable') return value;
    throw this.#badLine(variable, `invalid value for '${variable.key}': '${value}'`);
  }

  #string(variable: ConfigVariable): string {
    if (variable.value !== undefined) return variable.value;
    throw this.#badLine(variable, `missing value for '${variable.key}'`);
  }

  #boolean(variable: ConfigVariable): boolean {
    const value = parseConfigBoolean(variable.value);
    if (value !== undefined) return value;
    throw this.#refuse(`bad boolean config value '${variable.value ?? ''}' for '${variable.key}'`);
  }

  #integer({ key, value = '' }: ConfigVariable): number {
    const number = parseConfigInteger(value, 'int');
    if ('value' in number) return number.value;
    const where = `'${value}' for '${key}' in file ${this.#path}`;
    throw this.#refuse(`bad numeric config value ${where}: ${number.problem}`);
  }

  #badLine(variable: ConfigVariable, problem: string): GitMirrorError {
    return this.#refuse(`${problem}; bad config line ${String(variable.line)} in file ${this.#path}`);
  }

  #refuse(message: string): GitMirrorError {
    return refuse(this.#path, message);
  }
}

function listed(what: string, names: readonly string[]): string {
  return `${what}${names.length > 1 ? 's' : ''} found:${names.map((name) => `\n\t${name}`).join('')}`;
}

function refuse(path: string, message: string): GitMirrorError {
  return new GitMirrorError('GM_CORRUPT', message, { details: { path } });
}
