import { existsSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { GitMirrorError } from '../core/error.ts';
import type { ObjectFormat } from '../core/object-id.ts';
import type { Client } from '../sync/client.ts';
import type { ProbeResult } from '../sync/result.ts';
import type { RefMapping } from '../sync/request.ts';
import { createBareRepository } from './bare-repository.ts';
import { followHead } from './follow-head.ts';
import type { Git } from './run-git.ts';
import { hasChanges, syncFacts, type SyncFacts } from './sync-line.ts';
import type { Upstream } from './upstream.ts';

/**
 * What is copied. Not simply everything: a checkout also has `refs/remotes/*` and `refs/stash`, which are its own
 * business, and hosts keep `refs/pull/*` and the like, which nobody clones.
 */
const mirroredRefs: readonly RefMapping[] = ['refs/heads/*', 'refs/tags/*', 'refs/notes/*'].map((pattern) => ({
  source: pattern,
  target: pattern,
}));

/** A copy of one upstream in one bare repository. */
export interface ReplicaOptions {
  readonly name: string;
  readonly directory: string;
  readonly upstream: Upstream;
  readonly client: Client;
  readonly git: Git;
}

/** Brings a bare repository to the state of its upstream. */
export class Replica {
  readonly name: string;
  readonly directory: string;
  readonly upstream: Upstream;
  readonly #client: Client;
  readonly #git: Git;
  #isAdvertising = false;

  constructor(options: ReplicaOptions) {
    this.name = options.name;
    this.directory = options.directory;
    this.upstream = options.upstream;
    this.#client = options.client;
    this.#git = options.git;
  }

  /**
   * One sync: makes the repository when there is none yet, replicates refs and objects, then moves HEAD. Never called
   * again before it has settled. Throws what the client throws, and the reason of `signal`.
   */
  async sync(signal: AbortSignal): Promise<SyncFacts> {
    const startedAt = performance.now();
    const source = { url: this.upstream.url };
    if (!existsSync(this.directory)) await this.#create(await this.#client.probe({ source }, { signal }));

    let bytes = 0;
    const result = await this.#client.replicate(
      {
        source,
        target: { url: this.directory },
        scope: { mappings: mirroredRefs },
        policy: { prune: true },
        collectStats: true,
      },
      {
        signal,
        onProgress: (event) => {
          if (event.type === 'bytes' && event.side === 'source') bytes = event.bytes;
        },
      },
    );
    if (result.counts.blocked > 0) {
      throw new GitMirrorError('GM_BLOCKED', `Copying ${this.upstream.shownUrl}: some refs are blocked`);
    }
    signal.throwIfAborted();
    await followHead(this.#git, this.directory, this.upstream, result.execution.sourceHead);
    const moved = result.stats.sides.find(({ label }) => label === 'source')?.bytes ?? bytes;
    return syncFacts(this.name, result, moved, performance.now() - startedAt);
  }

  /** Packs what syncs have brought when there is enough of it (git-gc(1), `--auto`). */
  async tidy(facts: SyncFacts, signal: AbortSignal): Promise<void> {
    if (!hasChanges(facts)) return;
    // In the foreground: what is started here is over before the node ends.
    await this.#git.run(['-C', this.directory, '-c', 'gc.autoDetach=false', 'gc', '--auto', '--quiet'], { signal });
  }

  /** Lets clients be told of the copy's mirrors (`mirror.advertise`), from now on. */
  async advertiseMirrors(): Promise<void> {
    if (this.#isAdvertising) return;
    await this.#git.run(['-C', this.directory, 'config', 'mirror.advertise', 'true']);
    this.#isAdvertising = true;
  }

  async #create(probe: ProbeResult): Promise<void> {
    const { sourceHead } = probe;
    const head = sourceHead === '' || sourceHead.startsWith('refs/') ? sourceHead : `refs/heads/${sourceHead}`;
    await createBareRepository(this.#git, {
      directory: this.directory,
      objectFormat: objectFormatOf(probe),
      head: head === '' ? undefined : head,
      upstream: this.upstream.shownUrl,
    });
  }
}

/** A server that does not say means sha1 (gitprotocol-capabilities, "object-format"). */
function objectFormatOf({ sourceCapabilities, refs }: ProbeResult): ObjectFormat {
  const isSha256 = sourceCapabilities.includes('object-format=sha256') || refs[0]?.hash.length === 64;
  return isSha256 ? 'sha256' : 'sha1';
}
