import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { GitMirrorError } from '../core/error.ts';
import type { RepositoryTable } from '../server/repository-table.ts';
import { baseUrlOf } from '../server/mirrors/open-mirror-service.ts';
import { Announcer } from './announcer.ts';
import type { DataLock } from './data-lock.ts';
import type { KnownRepositories } from './known-repositories.ts';
import type { Logger } from './logger.ts';
import { MirrorLoop } from './mirror-loop.ts';
import type { FirstSyncs, NodeOptions, NodeRepository, RunningNode } from './node-options.ts';
import type { NodeServer } from './node-server.ts';
import type { Replica } from './replica.ts';
import { hasChanges } from './sync-line.ts';
import { TaskGate } from './task-gate.ts';

const defaultIntervalMs = 60_000;
const maxConcurrentSyncs = 4;
/** A sync or a request that is running when the node is told to stop gets this long to finish. */
const finishGraceMs = 3000;

/** What a node is put together from; it gives all of it free at its end. */
export interface MirrorNodeParts {
  readonly options: NodeOptions;
  readonly replicas: readonly Replica[];
  readonly known: KnownRepositories;
  readonly table: RepositoryTable;
  readonly logger: Logger;
  readonly server: NodeServer | undefined;
  readonly lock: DataLock;
  readonly repositoriesDir: string;
}

/** The running whole: one loop a repository, and the server in front of the copies. */
export class MirrorNode implements RunningNode {
  readonly url: string;
  readonly repositories: readonly NodeRepository[];
  readonly firstSyncs: Promise<FirstSyncs>;
  readonly closed: Promise<void>;
  readonly #parts: MirrorNodeParts;
  /** Ends the waiting between syncs. */
  readonly #stop = new AbortController();
  /** Ends running syncs. */
  readonly #abort = new AbortController();
  #loops: readonly MirrorLoop[] = [];
  #closing: Promise<void> | undefined;
  #settleClosed: () => void = () => undefined;
  #settleFirst: (syncs: FirstSyncs) => void = () => undefined;

  constructor(parts: MirrorNodeParts) {
    this.#parts = parts;
    this.url = parts.server?.url ?? '';
    this.repositories = parts.replicas.map(({ name, upstream }) => ({
      name,
      upstream: upstream.shownUrl,
      cloneUrl: this.#cloneUrl(name),
    }));
    this.closed = new Promise((resolveClosed) => {
      this.#settleClosed = resolveClosed;
    });
    this.firstSyncs = new Promise((resolveFirst) => {
      this.#settleFirst = resolveFirst;
    });
  }

  /** Serves what is there and begins to sync. */
  start(): void {
    const { options, replicas, known, table, repositoriesDir } = this.#parts;
    const gate = new TaskGate(maxConcurrentSyncs);
    for (const { name, upstream, lastSyncAt } of known.all) {
      const directory = join(repositoriesDir, name);
      const isReady = lastSyncAt !== undefined && existsSync(directory);
      table.set({ name, directory, upstream, state: isReady ? 'ready' : 'preparing' });
      if (isReady) this.#announce(name, upstream);
    }
    const once = options.once === true;
    const intervalMs = options.intervalMs ?? defaultIntervalMs;
    const announcer = this.#openAnnouncer(intervalMs);
    this.#loops = replicas.map(
      (replica) =>
        new MirrorLoop(
          {
            replica,
            intervalMs,
            once,
            gate,
            logger: this.#parts.logger,
            onSynced: async (facts) => {
              if (options.advertiseMirrors === true) await replica.advertiseMirrors();
              this.#serve(replica);
              await known.synced(replica.name, new Date(), hasChanges(facts));
              // The next sync does not wait for an upstream that calls back.
              void announcer?.synced(replica, hasChanges(facts));
            },
          },
          this.#stop.signal,
          this.#abort.signal,
        ),
    );
    void Promise.all(this.#loops.map(({ firstSync }) => firstSync)).then((results) => {
      const succeeded = results.filter(Boolean).length;
      this.#settleFirst({ succeeded, failed: results.length - succeeded });
    });
    if (once) void Promise.all(this.#loops.map(({ ended }) => ended)).then(() => this.close());
    const onAbort = () => {
      void this.close();
    };
    if (options.signal?.aborted === true) onAbort();
    else options.signal?.addEventListener('abort', onAbort, { once: true });
    void this.closed.then(() => {
      options.signal?.removeEventListener('abort', onAbort);
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#shutDown().finally(this.#settleClosed);
    return this.#closing;
  }

  async #shutDown(): Promise<void> {
    const { server, lock, known } = this.#parts;
    this.#stop.abort(new GitMirrorError('GM_INTERNAL', 'The node is stopping'));
    const graceTimer = setTimeout(() => {
      this.#abort.abort(new GitMirrorError('GM_INTERNAL', 'The node is stopping'));
    }, finishGraceMs);
    await Promise.all([server?.close(finishGraceMs), ...this.#loops.map(({ ended }) => ended)]);
    clearTimeout(graceTimer);
    // A state that cannot be written any more is found again in the copies themselves.
    await known.save().catch(() => undefined);
    await lock.release();
  }

  #openAnnouncer(intervalMs: number): Announcer | undefined {
    const { options, logger, server } = this.#parts;
    const { tellOrigin, mirrors } = options;
    if (tellOrigin === undefined || server === undefined) return undefined;
    const baseUrl = mirrors?.publicUrl === undefined ? server.url : baseUrlOf(mirrors.publicUrl);
    return new Announcer({
      tell: tellOrigin,
      urlOf: (name) => baseUrl + name,
      intervalMs,
      env: options.env ?? process.env,
      logger,
      signal: this.#stop.signal,
    });
  }

  /** The copy is complete: from now on it can be cloned. */
  #serve({ name, directory, upstream }: Replica): void {
    const { table } = this.#parts;
    const isNew = table.list().every((repository) => repository.name !== name || repository.state !== 'ready');
    table.set({ name, directory, upstream: upstream.shownUrl, state: 'ready' });
    if (isNew) this.#announce(name, upstream.shownUrl);
  }

  #announce(name: string, upstream: string): void {
    const cloneUrl = this.#cloneUrl(name);
    if (cloneUrl === '') return;
    this.#parts.logger.log('info', 'serving', `git clone ${cloneUrl}`, { repository: name, cloneUrl, upstream });
  }

  #cloneUrl(name: string): string {
    return this.url === '' ? '' : this.url + name;
  }
}
