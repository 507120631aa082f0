import { realpath } from 'node:fs/promises';
import { sep } from 'node:path';
import { GitMirrorError } from '../core/error.ts';
import type { FoundRepository, RepositoryLookup, ServedRepository } from './repository-lookup.ts';

/** Longest name, and the characters a name is made of: no component begins with a dot or a dash. */
const maxNameLength = 255;
const namePattern = /^[A-Za-z0-9_][\w.+@~-]*(?:\/[A-Za-z0-9_][\w.+@~-]*)*\.git$/;

/** Whether `name` can be the name of a served repository. */
export function isRepositoryName(name: string): boolean {
  return name.length <= maxNameLength && namePattern.test(name) && !name.includes('..');
}

/**
 * A table of names and directories. Only what has been put in is served, and only while its directory, with symbolic
 * links resolved, lies below `root`. A name is found without its `.git` too, as `git` servers do.
 */
export class RepositoryTable implements RepositoryLookup {
  readonly #root: string;
  readonly #byName = new Map<string, ServedRepository>();

  constructor(root: string) {
    this.#root = root;
  }

  /** Adds or replaces a repository. Throws `GM_USAGE` for a name that cannot be served. */
  set(repository: ServedRepository): void {
    if (!isRepositoryName(repository.name)) {
      throw new GitMirrorError('GM_USAGE', `A repository cannot be served as ${JSON.stringify(repository.name)}`);
    }
    this.#byName.set(repository.name, repository);
  }

  delete(name: string): void {
    this.#byName.delete(name);
  }

  list(): readonly ServedRepository[] {
    return [...this.#byName.values()].sort((left, right) => (left.name < right.name ? -1 : 1));
  }

  async find(name: string): Promise<FoundRepository> {
    const repository = this.#byName.get(name) ?? this.#byName.get(`${name}.git`);
    if (repository === undefined) return { kind: 'unknown' };
    if (repository.state === 'preparing') return { kind: 'preparing', name: repository.name };
    const directory = await this.#insideRoot(repository.directory);
    return directory === undefined ? { kind: 'unknown' } : { kind: 'found', name: repository.name, directory };
  }

  /** The real path of `directory`; undefined when there is none or it leads out of the root. */
  async #insideRoot(directory: string): Promise<string | undefined> {
    try {
      const [root, real] = await Promise.all([realpath(this.#root), realpath(directory)]);
      return real.startsWith(root.endsWith(sep) ? root : root + sep) ? real : undefined;
    } catch {
      return undefined;
    }
  }
}
