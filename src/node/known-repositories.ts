import { readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isRepositoryName } from '../server/repository-table.ts';
import { hasRefs, readUpstream, unfinishedPrefix } from './bare-repository.ts';
import type { Logger } from './logger.ts';
import { chooseRepositoryName } from './repository-name.ts';
import type { Git } from './run-git.ts';
import { explainState, readState, writeState, type RepositoryState } from './state-file.ts';
import type { Upstream } from './upstream.ts';

/**
 * The repositories of a data folder: names, upstreams and when they were last brought up to date. The state file is an
 * index; each copy also names its upstream itself, so that a lost file loses no copy.
 */
export class KnownRepositories {
  readonly #statePath: string;
  readonly #byName: Map<string, RepositoryState>;
  #writing: Promise<void> = Promise.resolve();

  private constructor(statePath: string, repositories: readonly RepositoryState[]) {
    this.#statePath = statePath;
    this.#byName = new Map(repositories.map((repository) => [repository.name, repository]));
  }

  /** Reads the state, takes in copies it does not list, and removes what a crash left half made. */
  static async open(
    paths: { readonly statePath: string; readonly repositoriesDir: string },
    git: Git,
    logger: Logger,
    now: () => Date,
  ): Promise<KnownRepositories> {
    const listed = await readState(paths.statePath).catch(async (error: unknown) => {
      const aside = `${paths.statePath}.broken`;
      await rename(paths.statePath, aside);
      logger.log('warn', 'state-broken', `The state file was set aside as ${aside}: ${explainState(error)}`);
      return undefined;
    });
    const entries = await readdir(paths.repositoriesDir);
    // A copy that somebody has removed is to be forgotten.
    const present = (listed ?? []).filter(({ name, lastSyncAt }) => lastSyncAt === undefined || entries.includes(name));
    const known = new KnownRepositories(paths.statePath, present);
    for (const entry of entries) {
      const directory = join(paths.repositoriesDir, entry);
      if (entry.startsWith(unfinishedPrefix)) await rm(directory, { recursive: true, force: true });
      else if (isRepositoryName(entry) && !known.#byName.has(entry)) {
        const upstream = await readUpstream(git, directory);
        if (upstream === undefined) continue;
        const isCopied = await hasRefs(git, directory);
        known.#byName.set(entry, { name: entry, upstream, ...(isCopied ? { lastSyncAt: now().toISOString() } : {}) });
      }
    }
    return known;
  }

  get all(): readonly RepositoryState[] {
    return [...this.#byName.values()];
  }

  /** The name of the copy of `upstream`: the one it has, or a new one that is nobody's. */
  nameFor(upstream: Upstream, presentEntries: readonly string[]): string {
    const known = this.all.find((repository) => repository.upstream === upstream.shownUrl);
    if (known !== undefined) return known.name;
    const name = chooseRepositoryName(upstream.shownUrl, [...this.#byName.keys(), ...presentEntries]);
    this.#byName.set(name, { name, upstream: upstream.shownUrl });
    return name;
  }

  /** Forgets what has never been copied, except `kept`: most likely a name that was mistyped. */
  forgetNeverCopied(kept: ReadonlySet<string>): void {
    for (const { name, lastSyncAt } of this.all) {
      if (lastSyncAt === undefined && !kept.has(name)) this.#byName.delete(name);
    }
  }

  /** A sync of `name` has succeeded. */
  async synced(name: string, at: Date, changed: boolean): Promise<void> {
    const repository = this.#byName.get(name);
    if (repository === undefined) return;
    const time = at.toISOString();
    this.#byName.set(name, { ...repository, lastSyncAt: time, ...(changed ? { lastChangeAt: time } : {}) });
    await this.save();
  }

  /** Writes the state; calls wait for each other. */
  save(): Promise<void> {
    const written = this.#writing.then(() => writeState(this.#statePath, this.all));
    this.#writing = written.catch(() => undefined);
    return written;
  }
}
