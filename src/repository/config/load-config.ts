import { dirname, isAbsolute, join } from 'node:path';
import { GitMirrorError } from '../../core/error.ts';
import { codeOf, type FileStamp, readSmallFile } from '../file-stamp.ts';
import { repositoryLimits } from '../repository-limits.ts';
import { readEnvironmentConfig } from './config-environment.ts';
import { canonicalKey, splitKey } from './config-key.ts';
import { parseConfigBoolean } from './config-number.ts';
import { type Environment, expandPath } from './expand-path.ts';
import { holdsCondition, type IncludeSubject } from './include-condition.ts';
import { type ConfigVariable, parseConfig } from './parse-config.ts';

/** Whose setting a variable is (git-config(1), "SCOPES"); what a file includes has the scope of that file. */
export type ConfigScope = 'system' | 'global' | 'local' | 'worktree' | 'command';

/** One variable with where it was found. */
export interface ConfigEntry {
  readonly key: string;
  readonly value: string | undefined;
  readonly scope: ConfigScope;
  /** Undefined for the environment. */
  readonly file: string | undefined;
  /** Whether it is there because of a condition, which may ask what the repository's owner decides. */
  readonly isConditional: boolean;
}

/** The places configuration is read from. */
export interface ConfigPlace {
  readonly gitDir: string;
  readonly commonDir: string;
  /** Whether `config.worktree` is read. */
  readonly worktreeConfig: boolean;
  readonly env: Environment;
  currentBranch(): string | undefined;
}

/** Configuration as it was read, and what it depended on. */
export interface LoadedConfig {
  readonly entries: readonly ConfigEntry[];
  /** Files that were read or looked for, with their stamps. */
  readonly files: ReadonlyMap<string, FileStamp>;
  /** Whether HEAD was asked for, and the branch it was on. */
  readonly branch: { readonly name: string | undefined } | undefined;
}

const defaultSystemFile = '/etc/gitconfig';

/**
 * Reads all configuration of one repository in git's order: system, global, local, worktree, environment, what a file
 * includes coming right behind the line that says so.
 *
 * @throws GitMirrorError `GM_CORRUPT` for what git dies of, in its words; `GM_LIMIT`; `GM_SYSTEM`
 */
export function loadConfig(place: ConfigPlace): LoadedConfig {
  const session = new LoadSession(place);
  const entries: ConfigEntry[] = [];
  new ConfigSequence(session, (entry) => {
    entries.push(entry);
  }).read();
  return { entries, files: session.files, branch: session.branch };
}

/** What all passes over the files have in common: the tally, and answers to conditions. */
class LoadSession implements IncludeSubject {
  readonly place: ConfigPlace;
  readonly gitDir: string;
  readonly env: Environment;
  readonly files = new Map<string, FileStamp>();
  branch: { readonly name: string | undefined } | undefined;
  #remoteUrls: string[] | undefined;
  #fileCount = 0;
  #byteCount = 0;

  constructor(place: ConfigPlace) {
    this.place = place;
    this.gitDir = place.gitDir;
    this.env = place.env;
  }

  currentBranch(): string | undefined {
    this.branch ??= { name: this.place.currentBranch() };
    return this.branch.name;
  }

  /** A pass of its own, in which conditions on remote URLs all hold, and what they include may set no remote's URL. */
  remoteUrls(): readonly string[] {
    if (this.#remoteUrls !== undefined) return this.#remoteUrls;
    const urls: string[] = [];
    const sequence = new ConfigSequence(this, ({ key, value }) => {
      if (isRemoteUrl(key)) urls.push(value ?? '');
    });
    sequence.collectsRemoteUrls = true;
    sequence.read();
    this.#remoteUrls = urls;
    return urls;
  }

  /** Undefined when there is no such file. */
  read(path: string): readonly ConfigVariable[] | undefined {
    let file;
    try {
      file = readSmallFile(path, repositoryLimits.maxConfigFileBytes);
    } catch (error) {
      this.files.set(path, undefined);
      throw error;
    }
    if (!this.files.has(path)) this.files.set(path, file?.stamp);
    if (file === undefined) return undefined;
    this.#fileCount++;
    this.#byteCount += file.bytes.length;
    if (this.#fileCount > repositoryLimits.maxConfigFiles || this.#byteCount > repositoryLimits.maxConfigBytes) {
      throw new GitMirrorError('GM_LIMIT', `configuration includes too much: '${path}'`, { details: { path } });
    }
    const { variables, badLine } = parseConfig(file.bytes);
    if (badLine === undefined) return variables;
    // What stands in front of the wrong line is looked at first, as it may be what is complained about.
    return [...variables, { key: '', value: undefined, line: badLine }];
  }
}

class ConfigSequence {
  collectsRemoteUrls = false;
  readonly #session: LoadSession;
  readonly #visit: (entry: ConfigEntry) => void;
  #depth = 0;
  #forbidsRemoteUrls = false;
  #isConditional = false;

  constructor(session: LoadSession, visit: (entry: ConfigEntry) => void) {
    this.#session = session;
    this.#visit = visit;
  }

  read(): void {
    const { env, gitDir, commonDir, worktreeConfig } = this.#session.place;
    if (!isSystemSkipped(env)) this.#readFile(this.#path(env['GIT_CONFIG_SYSTEM'] ?? defaultSystemFile), 'system');
    for (const path of globalPaths(env)) this.#readGlobal(this.#path(path));
    this.#readFile(join(commonDir, 'config'), 'local');
    if (worktreeConfig) this.#readFile(join(gitDir, 'config.worktree'), 'worktree');
    for (const { key, value } of readEnvironmentConfig(env)) {
      this.#take({ key, value, scope: 'command', file: undefined, isConditional: false });
    }
  }

  #path(path: string): string {
    return isAbsolute(path) ? path : join(this.#session.gitDir, path);
  }

  /** One that must not be read is left out: git may run as somebody whose home is closed to it. */
  #readGlobal(path: string): void {
    try {
      this.#readFile(path, 'global');
    } catch (error) {
      if (!(error instanceof GitMirrorError) || codeOf(error.cause) !== 'EACCES') throw error;
    }
  }

  #readFile(path: string, scope: ConfigScope): void {
    for (const { key, value, line } of this.#session.read(path) ?? []) {
      const problem = key === '' ? '' : keyProblem(key);
      if (problem !== undefined) throw badLine(path, line, problem);
      this.#take({ key, value, scope, file: path, isConditional: this.#isConditional }, line);
    }
  }

  #take(entry: ConfigEntry, line?: number): void {
    const { key, value, file } = entry;
    if (this.#forbidsRemoteUrls && isRemoteUrl(key)) {
      throw corrupt(
        'remote URLs cannot be configured in file directly or indirectly included by includeIf.hasconfig:remote.*.url',
        file,
      );
    }
    this.#visit(entry);
    if (key === 'include.path') this.#include(value, entry, line);
    else if (key.startsWith('includeif.')) this.#includeIf(entry, line);
  }

  #includeIf(entry: ConfigEntry, line: number | undefined): void {
    const { subsection, name } = splitKey(entry.key);
    if (subsection === undefined || name !== 'path') return;
    const isUnconditional = this.collectsRemoteUrls && subsection.startsWith('hasconfig:remote.*.url:');
    if (!isUnconditional && !holdsCondition(subsection, entry.file, this.#session)) return;
    const before = [this.#forbidsRemoteUrls, this.#isConditional] as const;
    this.#forbidsRemoteUrls ||= this.collectsRemoteUrls;
    this.#isConditional = true;
    this.#include(entry.value, entry, line);
    [this.#forbidsRemoteUrls, this.#isConditional] = before;
  }

  #include(value: string | undefined, { file, scope }: ConfigEntry, line: number | undefined): void {
    const fail = (problem: string): GitMirrorError =>
      file === undefined || line === undefined
        ? corrupt(`unable to parse command-line config: ${problem}`, file)
        : badLine(file, line, problem);
    if (value === undefined) throw fail(`missing value for 'include.path'`);
    const expanded = expandPath(value, this.#session.env);
    if (expanded === undefined) throw fail(`could not expand include path '${value}'`);
    if (!isAbsolute(expanded) && file === undefined) throw fail('relative config includes must come from files');
    const path = isAbsolute(expanded) ? expanded : join(dirname(file ?? ''), expanded);
    if (this.#depth >= repositoryLimits.maxIncludeDepth) {
      if (this.#session.read(path) === undefined) return;
      const depth = String(repositoryLimits.maxIncludeDepth);
      const from = file ?? 'the command line';
      throw corrupt(`exceeded maximum include depth (${depth}) while including '${path}' from '${from}'`, file);
    }
    this.#depth++;
    this.#readFile(path, scope);
    this.#depth--;
  }
}

function isSystemSkipped(env: Environment): boolean {
  const text = env['GIT_CONFIG_NOSYSTEM'];
  if (text === undefined) return false;
  const value = parseConfigBoolean(text);
  if (value === undefined)
    throw corrupt(`bad boolean environment value '${text}' for 'GIT_CONFIG_NOSYSTEM'`, undefined);
  return value;
}

function globalPaths(env: Environment): readonly string[] {
  const named = env['GIT_CONFIG_GLOBAL'];
  if (named !== undefined) return named === '' ? [] : [named];
  const home = env['HOME'];
  const xdg = env['XDG_CONFIG_HOME'];
  const xdgHome = xdg !== undefined && xdg !== '' ? xdg : home && `${home}/.config`;
  return [...(xdgHome ? [`${xdgHome}/git/config`] : []), ...(home === undefined ? [] : [`${home}/.gitconfig`])];
}

function isRemoteUrl(key: string): boolean {
  return key.startsWith('remote.') && key.endsWith('.url') && splitKey(key).subsection !== undefined;
}

/** Keys of files are in the right form; what they may lack is a section. */
function keyProblem(key: string): string | undefined {
  const result = canonicalKey(key);
  return 'problem' in result ? result.problem : undefined;
}

function badLine(file: string, line: number, problem: string): GitMirrorError {
  const reason = problem === '' ? '' : `: ${problem}`;
  return corrupt(`bad config line ${String(line)} in file ${file}${reason}`, file);
}

function corrupt(message: string, path: string | undefined): GitMirrorError {
  return new GitMirrorError('GM_CORRUPT', message, path === undefined ? {} : { details: { path } });
}
