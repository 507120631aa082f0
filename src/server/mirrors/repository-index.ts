import { setImmediate as turn } from 'node:timers/promises';
import { isGitMirrorError } from '../../core/error.ts';
import { repositoryKey } from './repository-key.ts';
import type { RepositoryOpener } from '../http-service.ts';
import type { FoundRepository, RepositoryLookup } from '../repository-lookup.ts';
import { advertisesMirrors, readMirrorSettings } from './mirror-settings.ts';
import { copiedUrls } from './repository-urls.ts';

/** One repository of an index. */
export interface IndexedRepository {
  readonly name: string;
  /** Its `.git` folder, or the bare repository: a real path. */
  readonly directory: string;
  /** Canonical URLs, the best first; empty when none are known. */
  readonly canonical: readonly string[];
}

interface RepositoryUrls {
  readonly directory: string;
  readonly canonical: readonly string[];
  readonly copied: readonly string[];
}

interface Indexed {
  /** By `repositoryKey`, the best first. */
  readonly byKey: ReadonlyMap<string, readonly IndexedRepository[]>;
  readonly all: readonly IndexedRepository[];
}

const freshForMs = 10_000;
/** A URL that is not found is looked for anew after this time already: it may have just been put there. */
const missForMs = 2000;
const maxRepositories = 10_000;
const perTurn = 8;

/**
 * Finds repositories by the URLs they have elsewhere. Those that speak of mirrors (`mirror.advertise`) are in it, as
 * `RepositoryLookup.list` has them, read again every few seconds when they are asked for.
 */
export class RepositoryIndex {
  readonly #lookup: RepositoryLookup;
  readonly #repositories: RepositoryOpener;
  readonly #now: () => number;
  #built: { readonly atMs: number; readonly result: Promise<Indexed> } | undefined;

  constructor(lookup: RepositoryLookup, repositories: RepositoryOpener, now: () => number) {
    this.#lookup = lookup;
    this.#repositories = repositories;
    this.#now = now;
  }

  /**
   * The repository that `url` is called by.
   *
   * @param preferred - directory of the one that wins when there are several
   */
  async find(url: string, preferred?: string): Promise<Extract<FoundRepository, { kind: 'found' }> | undefined> {
    const key = repositoryKey(url);
    if (key === undefined) return undefined;
    let candidates = (await this.#index(freshForMs)).byKey.get(key);
    candidates ??= (await this.#index(missForMs)).byKey.get(key);
    const chosen = candidates?.find(({ directory }) => directory === preferred) ?? candidates?.[0];
    if (chosen === undefined) return undefined;
    // It may have been taken away since.
    const found = await this.#lookup.find(chosen.name);
    return found.kind === 'found' ? found : undefined;
  }

  /** All of them, by name. */
  async all(): Promise<readonly IndexedRepository[]> {
    return (await this.#index(freshForMs)).all;
  }

  #index(maxAgeMs: number): Promise<Indexed> {
    const now = this.#now();
    if (this.#built === undefined || now - this.#built.atMs > maxAgeMs) {
      const built = { atMs: now, result: this.#build() };
      built.result.catch(() => {
        if (this.#built === built) this.#built = undefined;
      });
      this.#built = built;
    }
    return this.#built.result;
  }

  async #build(): Promise<Indexed> {
    const listed = (await this.#lookup.list()).filter(({ state }) => state === 'ready').slice(0, maxRepositories);
    const all: IndexedRepository[] = [];
    const ranked = new Map<string, { readonly repository: IndexedRepository; readonly rank: number }[]>();
    for (const [index, { name, directory }] of listed.entries()) {
      if (index % perTurn === perTurn - 1) await turn();
      const urls = this.#urlsOf(directory);
      if (urls === undefined) continue;
      const canonical = urls.canonical.length > 0 ? urls.canonical : urls.copied.slice(0, 1);
      const repository = { name, directory: urls.directory, canonical };
      all.push(repository);
      const keys = [...urls.canonical, ...urls.copied].map((url) => repositoryKey(url));
      for (const [rank, key] of keys.entries()) {
        if (key === undefined || keys.indexOf(key) < rank) continue;
        // One that says so itself is better than one that is a copy.
        const place = { repository, rank: rank < urls.canonical.length ? 0 : 1 + rank - urls.canonical.length };
        ranked.set(key, [...(ranked.get(key) ?? []), place]);
      }
    }
    const byKey = new Map<string, readonly IndexedRepository[]>();
    for (const [key, places] of ranked) {
      byKey.set(
        key,
        places.sort((left, right) => left.rank - right.rank).map(({ repository }) => repository),
      );
    }
    return { byKey, all };
  }

  /** Undefined for one that does not speak of mirrors, or cannot be read. */
  #urlsOf(directory: string): RepositoryUrls | undefined {
    try {
      const lease = this.#repositories.acquire(directory);
      try {
        const { config, gitDir } = lease.repository;
        if (!advertisesMirrors(config)) return undefined;
        return { directory: gitDir, canonical: readMirrorSettings(config).canonical, copied: copiedUrls(config) };
      } finally {
        lease.release();
      }
    } catch (error) {
      // Whoever asks for it by name is told.
      if (isGitMirrorError(error)) return undefined;
      throw error;
    }
  }
}
