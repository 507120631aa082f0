import { explainWork } from '../client/decode-while.ts';
import type { PackAnswer, PackRequest } from '../client/pack-request.ts';
import type { PackSource } from '../client/pack-source.ts';
import type { RemoteOptions } from '../client/remote-options.ts';
import type { RemoteRefs } from '../client/remote-refs.ts';
import { serviceOptions } from '../client/service-options.ts';
import { GitMirrorError } from '../core/error.ts';
import { formatOf, type ObjectFormat } from '../core/object-id.ts';
import { fetchDumb } from '../pack/dumb-http.ts';
import { readDumbRefs, type DumbHead, type DumbRef } from '../pack/dumb-refs.ts';
import { objectsBetween } from '../pack/select-objects.ts';
import { writePack } from '../pack/write-pack.ts';
import { parseEndpoint } from '../transport/parse-endpoint.ts';
import { DumbHost } from './dumb-host.ts';
import type { RunContext } from './run-context.ts';
import { openTemporaryStore, type TemporaryStore } from './temporary-store.ts';

/**
 * A plain file server as a source: its files are fetched into a temporary store, and packs are put together from that.
 * The store is filled when the first pack is asked for and serves every later one.
 */
export class DumbSource implements PackSource {
  readonly protocol = 'dumb';
  readonly capabilities: readonly string[] = [];
  readonly canFilter = false;
  readonly canWantAnyReachable = true;
  readonly canNegotiate = false;
  readonly answersInParallel = false;
  readonly relays = false;
  readonly objectFormat: ObjectFormat;
  readonly #files: DumbHost;
  readonly #refs: readonly DumbRef[];
  readonly #head: DumbHead | undefined;
  readonly #context: RunContext;
  #store: TemporaryStore | undefined;

  private constructor(
    files: DumbHost,
    listing: { readonly refs: readonly DumbRef[]; readonly head: DumbHead | undefined },
    context: RunContext,
  ) {
    this.#files = files;
    this.#refs = listing.refs;
    this.#head = listing.head;
    this.#context = context;
    const [first] = listing.refs;
    this.objectFormat = first === undefined ? 'sha1' : formatOf(first.oid);
  }

  /** Reads the list of refs. */
  static async open(options: RemoteOptions, context: RunContext): Promise<DumbSource> {
    const parsed = parseEndpoint(options.endpoint.url);
    if (parsed.transport !== 'http') throw new GitMirrorError('GM_INTERNAL', 'Only HTTP has a dumb form.');
    const files = new DumbHost(parsed.target, serviceOptions(options, 'git-upload-pack', 'source', 0));
    try {
      const listing = await readDumbRefs(files);
      // A server that answers everything with nothing must not be taken for a repository without refs: a prune would
      // make the target just as empty.
      if (listing.refs.length === 0 && listing.head === undefined) {
        throw new GitMirrorError(
          'GM_PROTOCOL',
          `${files.displayUrl} is not a Git repository: it lists no refs and has no HEAD; check the URL.`,
          { details: { url: files.displayUrl } },
        );
      }
      return new DumbSource(files, listing, context);
    } catch (error) {
      await files.close();
      throw explainWork(error, `reading ${files.displayUrl}`, files.displayUrl);
    }
  }

  get displayUrl(): string {
    return this.#files.displayUrl;
  }

  async listRefs(prefixes: readonly string[]): Promise<RemoteRefs> {
    const refs = this.#refs.filter(({ name }) => prefixes.some((prefix) => name.startsWith(prefix)));
    const head = this.#head !== undefined && 'symref' in this.#head ? this.#head.symref : undefined;
    return { refs, head, invalidNames: [] };
  }

  async fetchPack(request: PackRequest): Promise<PackAnswer> {
    const { signal, progress } = this.#context;
    this.#store ??= await openTemporaryStore(this.objectFormat, this.#context);
    const { store, dir } = this.#store;
    progress.phase('transfer', `fetching the files of ${this.displayUrl}`);
    await fetchDumb(this.#files, store, request.wants, { format: this.objectFormat, dir, signal });
    const oids = await objectsBetween(store, {
      wants: request.wants,
      haves: request.haves,
      ...(signal === undefined ? {} : { signal }),
    });
    return { pack: writePack(store, oids, { format: this.objectFormat, signal }), common: new Set() };
  }

  async close(): Promise<void> {
    await this.#store?.close();
    await this.#files.close();
  }
}
