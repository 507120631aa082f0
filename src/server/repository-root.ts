import { access, readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import type { FoundRepository, RepositoryLookup, ServedRepository } from './repository-lookup.ts';
import { scanForRepositories } from './scan-for-repositories.ts';
import type { OwnershipCheck } from './safe-directory.ts';

/** Options of {@link RepositoryRoot}. */
export interface RepositoryRootOptions {
  /** Serve repositories without `git-daemon-export-ok`, too. Default false. */
  readonly exportAll?: boolean | undefined;
  /** Says whether a repository may be read although it belongs to somebody else. Default: every one may. */
  readonly ownership?: OwnershipCheck | undefined;
}

/** Longest name that is looked up, and longest path in a gitfile. */
const maxNameLength = 4096;
const listForMs = 2000;
/** What git puts behind a name to find the repository, in this order (git-daemon(1), "--strict-paths"). */
const suffixes = ['/.git', '', '.git/.git', '.git'] as const;

/**
 * Every repository below a folder, under its path: bare ones, and the `.git` of checkouts, each also without its suffix.
 * The folder itself, when it is one, has the empty name.
 *
 * Nothing outside of the folder is served: a repository, the file its `.git` names, and the directory that its objects
 * are in must lie below the folder with all symbolic links resolved. Alternates may lie elsewhere, as its owner chose.
 */
export class RepositoryRoot implements RepositoryLookup {
  readonly #root: string;
  readonly #exportAll: boolean;
  readonly #ownership: OwnershipCheck | undefined;
  #listed: { readonly at: number; readonly result: Promise<readonly ServedRepository[]> } | undefined;

  constructor(root: string, options: RepositoryRootOptions = {}) {
    this.#root = resolve(root);
    this.#exportAll = options.exportAll ?? false;
    this.#ownership = options.ownership;
  }

  async find(name: string): Promise<FoundRepository> {
    if (name.length > maxNameLength || !isPlainName(name)) return { kind: 'unknown' };
    const root = await realpath(this.#root).catch(() => undefined);
    if (root === undefined) return { kind: 'unknown' };
    const entered = await enterRepository(root, join(root, name));
    if (entered === undefined) return { kind: 'unknown' };
    const { directory, entry } = entered;
    const reason = await this.#ownership?.(entry === directory ? [directory] : [entry, directory]);
    if (reason !== undefined) return { kind: 'unsafe', name, reason };
    if (!this.#exportAll && !(await exists(join(directory, 'git-daemon-export-ok')))) {
      return { kind: 'not-exported', name };
    }
    return { kind: 'found', name, directory };
  }

  /**
   * Those that are exported, near the top of the folder; a large folder is not searched to its end. What was found serves
   * for some seconds, so that asking again and again costs little.
   */
  list(): Promise<readonly ServedRepository[]> {
    const now = performance.now();
    if (this.#listed === undefined || now - this.#listed.at > listForMs)
      this.#listed = { at: now, result: this.#search() };
    return this.#listed.result;
  }

  async #search(): Promise<readonly ServedRepository[]> {
    const names = await scanForRepositories(this.#root);
    const repositories: ServedRepository[] = [];
    for (const name of names) {
      const found = await this.find(name);
      if (found.kind === 'found') repositories.push({ name, directory: found.directory, state: 'ready' });
    }
    return repositories;
  }
}

/** Names come checked from `parseRoute`; a slip there must not open the file system. */
function isPlainName(name: string): boolean {
  if (name === '') return true;
  const parts = name.split('/');
  return parts.every(
    (part, index) =>
      part !== '' &&
      !/[\u0000-\u001f\u007f\\]/.test(part) &&
      (!part.startsWith('.') || (part === '.git' && index === parts.length - 1)),
  );
}

interface EnteredRepository {
  /** The repository's folder, its real path. */
  readonly directory: string;
  /** What was found first: the same, or the file `.git` that names it. */
  readonly entry: string;
}

/** Finds the repository that `path` means as git's own servers do; undefined when there is none below `root`. */
async function enterRepository(root: string, path: string): Promise<EnteredRepository | undefined> {
  for (const suffix of suffixes) {
    const candidate = path + suffix;
    const status = await stat(candidate).catch(() => undefined);
    if (status === undefined) continue;
    if (status.isFile()) {
      // As in git, a file decides: if it names no repository, nothing else is tried.
      const target = await readGitFile(candidate);
      const directory = target === undefined ? undefined : await insideRoot(root, target);
      const entry = await insideRoot(root, candidate);
      if (directory === undefined || entry === undefined || !(await isRepository(root, directory))) return undefined;
      return { directory, entry };
    }
    const directory = await insideRoot(root, candidate);
    if (directory !== undefined && (await isRepository(root, directory))) return { directory, entry: directory };
  }
  return undefined;
}

/** The path behind `gitdir: ` (gitrepository-layout(5)). */
async function readGitFile(path: string): Promise<string | undefined> {
  if (basename(path) !== '.git' && !path.endsWith('.git')) return undefined;
  const { size } = await stat(path);
  if (size > maxNameLength) return undefined;
  const match = /^gitdir: ([^\0]+?)[\r\n]*$/.exec(await readFile(path, 'utf8'));
  return match?.[1] === undefined ? undefined : resolve(dirname(path), match[1]);
}

/** The real path, when it is `root` or lies below it. */
async function insideRoot(root: string, path: string): Promise<string | undefined> {
  const real = await realpath(path).catch(() => undefined);
  const prefix = root.endsWith(sep) ? root : root + sep;
  return real !== undefined && (real === root || real.startsWith(prefix)) ? real : undefined;
}

/** Whether the folder has what makes it a repository: HEAD, refs and objects, the latter two maybe in a common folder. */
async function isRepository(root: string, directory: string): Promise<boolean> {
  if (!(await exists(join(directory, 'HEAD')))) return false;
  const named = await readFile(join(directory, 'commondir'), 'utf8').catch(() => undefined);
  const common =
    named === undefined ? directory : await insideRoot(root, resolve(directory, named.replace(/[\r\n]+$/, '')));
  if (common === undefined) return false;
  return (await isFolder(join(common, 'objects'))) && (await isFolder(join(common, 'refs')));
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
