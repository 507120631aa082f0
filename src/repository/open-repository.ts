import { join } from 'node:path';
import { GitMirrorError } from '../core/error.ts';
import type { ObjectId } from '../core/object-id.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { PackCaches } from '../pack/packed-object-reader.ts';
import type { Environment } from './config/expand-path.ts';
import { readGitConfig } from './config/read-git-config.ts';
import { stampOf } from './file-stamp.ts';
import type { GitConfig } from './git-config.ts';
import { followAlternates } from './layout/alternates.ts';
import { readGrafts, type Grafts } from './layout/graft-file.ts';
import { readLayout, type RepositoryLayout } from './layout/repository-layout.ts';
import { readShallow } from './layout/shallow-file.ts';
import type { ObjectDatabase } from './object-database.ts';
import { openObjectDatabase, type FileObjectDatabase, type ObjectDatabaseOptions } from './open-object-database.ts';
import type { RefStore } from './ref-store.ts';
import { openRefStore } from './refs/open-ref-store.ts';
import type { Repository } from './repository.ts';

/** Memory of a thread for the contents that deltas build on. */
const defaultBaseBytes = 64 * 1024 * 1024;
/** Object databases that are kept open while nobody uses them. */
const defaultMaxIdle = 16;
/** Repositories whose refs are kept: each may hold a packed-refs of 1 MiB. */
const maxRefStores = 64;
/** Kernel memory over which idle ones are closed, whatever their number. */
const maxIdleKernelBytes = 1024 * 1024 * 1024;

/** How a cache is made. */
export interface RepositoryCacheOptions {
  readonly kernel: Kernel;
  /** Environment that git's configuration is read with. */
  readonly env: Environment;
  /** Bytes for the contents that deltas build on, in kernel memory; made when the first object is read. */
  readonly baseBytes?: number | undefined;
  /** Object databases that are kept open while nobody uses them. Default 16. */
  readonly maxIdle?: number | undefined;
}

/** A repository for as long as one request needs it. */
export interface RepositoryLease {
  readonly repository: Repository;
  /** Gives it back; its objects must not be used any longer. */
  release(): void;
}

/** A database, and how many leases use it. */
interface SharedDatabase {
  readonly database: FileObjectDatabase;
  /** What it was opened from: equal stamps, equal database. */
  readonly stamp: string;
  users: number;
}

/**
 * The repositories that one thread reads. What has not changed since the last request is used again; a database whose
 * packs have changed stays open for those who have begun with it.
 */
export class RepositoryCache {
  readonly #options: RepositoryCacheOptions;
  /** The current database of each repository, least recently used first, by common folder. */
  readonly #current = new Map<string, SharedDatabase>();
  /** Refs by what decides how they are read, least recently used first: they keep what they have read of packed-refs. */
  readonly #refs = new Map<string, RefStore>();
  #caches: PackCaches | undefined;

  constructor(options: RepositoryCacheOptions) {
    this.#options = options;
  }

  /**
   * Opens the repository that `directory` is, or contains as `.git`. The caller releases it. Objects are opened on first
   * use.
   *
   * @throws GitMirrorError `GM_NOT_FOUND` when it is none; `GM_CORRUPT`, in git's words, for one that git would not open;
   * `GM_LIMIT`; `GM_SYSTEM`
   */
  acquire(directory: string): RepositoryLease {
    const layout = readLayout(directory);
    const config = readGitConfig(layout, this.#options.env);
    const repository = new OpenRepository(layout, config, this.#refsOf(layout), (options, stamp) =>
      this.#use(layout.commonDir, options, stamp),
    );
    return {
      repository,
      release: () => {
        this.#release(repository.takeDatabase());
      },
    };
  }

  /** Closes what nobody uses; the rest closes with its last lease. */
  close(): void {
    for (const shared of this.#current.values()) if (shared.users === 0) shared.database.close();
    this.#current.clear();
  }

  #refsOf(layout: RepositoryLayout): RefStore {
    const key = [layout.gitDir, layout.format, layout.refStorage].join('\0');
    const refs = this.#refs.get(key) ?? openRefStore(layout);
    this.#refs.delete(key);
    this.#refs.set(key, refs);
    for (const oldest of this.#refs.keys()) {
      if (this.#refs.size <= maxRefStores) break;
      this.#refs.delete(oldest);
    }
    return refs;
  }

  #use(key: string, options: Omit<ObjectDatabaseOptions, 'caches'>, stamp: string): SharedDatabase {
    const current = this.#current.get(key);
    this.#current.delete(key);
    if (current?.stamp === stamp) {
      this.#current.set(key, current);
      current.users++;
      current.database.refresh();
      return current;
    }
    if (current?.users === 0) current.database.close();
    this.#caches ??= new PackCaches(this.#options.kernel, this.#options.baseBytes ?? defaultBaseBytes);
    const database = openObjectDatabase({ ...options, caches: this.#caches });
    const opened: SharedDatabase = { database, stamp, users: 1 };
    this.#current.set(key, opened);
    return opened;
  }

  #release(shared: SharedDatabase | undefined): void {
    if (shared === undefined) return;
    shared.users--;
    if (shared.users > 0) return;
    if (![...this.#current.values()].includes(shared)) shared.database.close();
    this.#closeIdle();
  }

  #closeIdle(): void {
    const { kernel, maxIdle = defaultMaxIdle } = this.#options;
    const idle = [...this.#current].filter(([, { users }]) => users === 0);
    for (const [key, { database }] of idle.slice(0, -1)) {
      if (this.#current.size <= maxIdle && kernel.memory.usedBytes <= maxIdleKernelBytes) return;
      this.#current.delete(key);
      database.close();
    }
  }
}

/** One request's view: each part is read once, when it is first asked for. */
class OpenRepository implements Repository {
  readonly config: GitConfig;
  readonly refs: RefStore;
  readonly #layout: RepositoryLayout;
  readonly #use: (options: Omit<ObjectDatabaseOptions, 'caches'>, stamp: string) => SharedDatabase;
  #shallow: readonly ObjectId[] | undefined;
  #grafts: Grafts | undefined;
  #shared: SharedDatabase | undefined;
  #isReleased = false;

  constructor(
    layout: RepositoryLayout,
    config: GitConfig,
    refs: RefStore,
    use: (options: Omit<ObjectDatabaseOptions, 'caches'>, stamp: string) => SharedDatabase,
  ) {
    this.#layout = layout;
    this.config = config;
    this.refs = refs;
    this.#use = use;
  }

  get gitDir(): string {
    return this.#layout.gitDir;
  }

  get commonDir(): string {
    return this.#layout.commonDir;
  }

  get isBare(): boolean {
    return this.#layout.isBare;
  }

  get format(): RepositoryLayout['format'] {
    return this.#layout.format;
  }

  get shallow(): readonly ObjectId[] {
    return (this.#shallow ??= readShallow(this.#layout));
  }

  get grafts(): Grafts {
    return (this.#grafts ??= readGrafts(this.#layout));
  }

  get objects(): ObjectDatabase {
    if (this.#isReleased) throw new GitMirrorError('GM_INTERNAL', 'A repository was used after it had been released.');
    return (this.#shared ??= this.#openObjects()).database;
  }

  /** Ends the use of the database, which whoever calls gives back. */
  takeDatabase(): SharedDatabase | undefined {
    const shared = this.#shared;
    this.#shared = undefined;
    this.#isReleased = true;
    return shared;
  }

  #openObjects(): SharedDatabase {
    const { commonDir, format, partialClone } = this.#layout;
    const { config } = this;
    const own = join(commonDir, 'objects');
    const objectDirectories = [own, ...followAlternates(own).directories];
    // A graph knows nothing of parents that a graft gives or a shallow boundary takes away.
    const useCommitGraph =
      (config.getBoolean('core.commitgraph') ?? true) && this.shallow.length === 0 && this.grafts.size === 0;
    const settings = {
      format,
      isPartial: partialClone !== undefined || hasPromisor(config),
      useMultiPackIndex: config.getBoolean('core.multipackindex') ?? true,
      useCommitGraph,
      useBitmaps: config.getBoolean('pack.usebitmaps') ?? true,
      generationVersion: config.getInteger('commitgraph.generationversion') ?? 2,
    };
    const stamp = [JSON.stringify(settings), ...objectDirectories.map(stampOfObjects)].join('\n');
    return this.#use({ ...settings, objectDirectories }, stamp);
  }
}

/** Whether a remote has promised objects that may be missing (git-config(1), `remote.<name>.promisor`). */
function hasPromisor(config: GitConfig): boolean {
  return config.subsections('remote').some((name) => config.getBoolean(`remote.${name}.promisor`) === true);
}

/** Changes when the packs, the commit-graph or the multi-pack-index of an object folder do. */
function stampOfObjects(directory: string): string {
  const files = [
    'pack',
    'pack/multi-pack-index',
    'pack/multi-pack-index.d/multi-pack-index-chain',
    'info/commit-graph',
    'info/commit-graphs/commit-graph-chain',
  ];
  return [directory, ...files.map((file) => stampOf(join(directory, file)) ?? '')].join(' ');
}
