import type { BlockList } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { GitMirrorError, messageOf } from '../../core/error.ts';
import type { ObjectId } from '../../core/object-id.ts';
import type { Repository } from '../../repository/repository.ts';
import { repositoryKey } from './repository-key.ts';
import type { MirrorDirectory } from '../../upload/mirror-directory.ts';
import type { MirrorAnswer, MirrorEntry, MirrorQuery } from '../../wire/mirrors/mirror-list.ts';
import type { MirrorDocument } from '../../wire/mirrors/mirror-document.ts';
import type { RepositoryOpener } from '../http-service.ts';
import type { RepositoryLookup } from '../repository-lookup.ts';
import type { Resolve } from './allowed-addresses.ts';
import { callerAddress } from './caller-address.ts';
import { lastRefChange } from './last-ref-change.ts';
import { MirrorPages } from './mirror-pages.ts';
import { MirrorRegistry } from './mirror-registry.ts';
import type { AskedRepository, MirrorCaller, MirrorService, RegisteredMirror, SteerRequest } from './mirror-service.ts';
import { advertisesMirrors, readMirrorSettings, type MirrorSettings } from './mirror-settings.ts';
import { Notices } from './notices.ts';
import { OwnDigests } from './own-digest.ts';
import type { OrderMirrors } from './policy/order-by-policy.ts';
import { RepositoryIndex } from './repository-index.ts';
import { copiedUrls } from './repository-urls.ts';
import type { Steering } from './steering.ts';

/** Options of {@link createMirrorService}. */
export interface MirrorServiceOptions {
  /** Opens repositories for their configuration and refs, on this thread. */
  readonly repositories: RepositoryOpener;
  readonly lookup: RepositoryLookup;
  readonly order: OrderMirrors;
  /** Default: nobody is sent away. */
  readonly steering?: Steering | undefined;
  /** Whose `X-Forwarded-For` counts. */
  readonly trustedProxies: BlockList;
  /** Base of this server's URLs as clients know it, with a slash at the end; undefined: what the request says. */
  readonly publicUrl?: string | undefined;
  /** `GIT_NAMESPACE`; default none. */
  readonly namespace?: string | undefined;
  /** Told, for the log, of what is wrong here: a setting that makes no sense, a file that cannot be written. */
  readonly onWarning?: ((text: string) => void) | undefined;
  /** Time for one call back; default 5 s. */
  readonly callTimeoutMs?: number | undefined;
  /** Default: the system's. */
  readonly resolve?: Resolve | undefined;
  /** Milliseconds since 1970. */
  readonly now?: (() => number) | undefined;
}

/** What one question is answered from. */
interface Facts {
  readonly commonDir: string;
  readonly settings: MirrorSettings;
  readonly canonical: readonly string[];
  /** `repositoryKey` of every URL that the repository is known by. */
  readonly keys: ReadonlySet<string | undefined>;
  readonly mirrors: readonly RegisteredMirror[];
  /** The ref digest of what is shown to who asks by `url`; reads refs when they have changed. */
  readonly digest: (url?: string) => string;
}

/** Repositories whose settings are remembered. */
const maxRemembered = 256;
/** URLs in one answer that names what would be valid. */
const maxValid = 100;
/** Refs of a mirror that are looked for here. */
const maxCompared = 10_000;
/** Repositories in one answer that describes all. */
const maxDescribed = 200;

/** Mirrors of what a server serves: lists, notices, other URLs. Nothing is opened before the first question. */
export function createMirrorService(options: MirrorServiceOptions): MirrorService {
  return new ConfiguredMirrors(options);
}

class ConfiguredMirrors implements MirrorService {
  readonly #options: MirrorServiceOptions;
  readonly #now: () => number;
  readonly #onWarning: (text: string) => void;
  readonly #registry: MirrorRegistry;
  readonly #index: RepositoryIndex;
  readonly #digests: OwnDigests;
  readonly #pages = new MirrorPages();
  readonly #notices: Notices;
  readonly #stop = new AbortController();
  /** By folder, least recently used first. */
  readonly #settings = new Map<string, { readonly version: string; readonly settings: MirrorSettings }>();

  constructor(options: MirrorServiceOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#onWarning = options.onWarning ?? (() => undefined);
    this.#registry = new MirrorRegistry((path) => {
      this.#onWarning(`The mirrors in ${path} are not what this program writes, and count for nothing`);
    });
    this.#index = new RepositoryIndex(options.lookup, options.repositories, this.#now);
    this.#digests = new OwnDigests(options.namespace ?? '');
    this.#notices = new Notices({
      registry: this.#registry,
      now: this.#now,
      signal: this.#stop.signal,
      onWarning: this.#onWarning,
      callTimeoutMs: options.callTimeoutMs,
      resolve: options.resolve,
    });
  }

  directoryFor(repository: AskedRepository, caller: MirrorCaller): MirrorDirectory | undefined {
    if (!this.#advertises(repository.directory)) return undefined;
    return {
      list: (query) => this.#list(repository, caller, query),
      notify: (notice) => {
        const { commonDir: directory, settings, keys: ownKeys, digest } = this.#factsOf(repository);
        const origin = { digest, hasAny: (oids: readonly ObjectId[]) => this.#hasAny(repository.directory, oids) };
        return this.#notices.take({ directory, settings, ownKeys, origin }, notice, this.#addressOf(caller));
      },
    };
  }

  async findByUrl(url: string, preferred?: string): ReturnType<MirrorService['findByUrl']> {
    const repository = await this.#index.find(url, preferred);
    if (repository !== undefined) return { kind: 'found', repository };
    const all = await this.#index.all();
    return { kind: 'not-found', valid: [...new Set(all.flatMap(({ canonical }) => canonical))].slice(0, maxValid) };
  }

  async describe(
    repository: AskedRepository,
    caller: MirrorCaller,
    query: MirrorQuery,
  ): Promise<MirrorDocument | undefined> {
    if (!this.#advertises(repository.directory)) return undefined;
    const meant = await this.#meantBy(repository, query.url);
    if (meant.kind === 'not-found') return { answer: meant };
    return this.#documentOf(meant.repository, caller, query);
  }

  async describeAll(baseUrl: string, caller: MirrorCaller): Promise<readonly MirrorDocument[]> {
    const documents: MirrorDocument[] = [];
    for (const { name, directory } of (await this.#index.all()).slice(0, maxDescribed)) {
      try {
        documents.push(this.#documentOf({ name, directory, url: baseUrl + name }, caller, {}));
      } catch (error) {
        this.#onWarning(`${directory}: ${messageOf(error)}`);
      }
      await turn();
    }
    return documents;
  }

  async steer(request: SteerRequest): Promise<string | undefined> {
    const { steering, order } = this.#options;
    const { repository, caller } = request;
    const { directory } = repository;
    if (steering === undefined || !this.#advertises(directory)) return undefined;
    try {
      const { settings, mirrors, digest } = this.#factsOf(repository);
      if (!settings.steers) return undefined;
      return await steering.steer(
        { ...request, repository: { ...repository, url: this.#urlOf(repository) } },
        order.order(mirrors, settings.policy, this.#addressOf(caller)),
        { digest, lastChange: () => this.#reading(directory, lastRefChange) },
        settings,
      );
    } catch (error) {
      // Whatever is wrong with mirrors, the client gets its answer here.
      this.#onWarning(`${directory}: ${messageOf(error)}`);
      return undefined;
    }
  }

  async close(): Promise<void> {
    this.#stop.abort(new GitMirrorError('GM_INTERNAL', 'The server is stopping'));
    this.#options.steering?.close();
  }

  async #list(asked: AskedRepository, caller: MirrorCaller, query: MirrorQuery): Promise<MirrorAnswer> {
    const meant = await this.#meantBy(asked, query.url);
    return meant.kind === 'not-found' ? meant : this.#documentOf(meant.repository, caller, query).answer;
  }

  /** The repository that was asked, or the other one here that has the URL it was asked for. */
  async #meantBy(
    asked: AskedRepository,
    url: string | undefined,
  ): Promise<
    { readonly kind: 'meant'; readonly repository: AskedRepository } | Extract<MirrorAnswer, { kind: 'not-found' }>
  > {
    if (url === undefined || this.#factsOf(asked).keys.has(repositoryKey(url)))
      return { kind: 'meant', repository: asked };
    const other = await this.findByUrl(url);
    if (other.kind === 'not-found') return other;
    const { name, directory } = other.repository;
    return { kind: 'meant', repository: { name, directory, url: undefined } };
  }

  #documentOf(repository: AskedRepository, caller: MirrorCaller, query: MirrorQuery): MirrorDocument {
    const { settings, canonical, mirrors, digest } = this.#factsOf(repository);
    const schemes = query.protocols?.map((name) => `${name.toLowerCase()}:`);
    const ordered = (): readonly RegisteredMirror[] => {
      const spoken =
        schemes === undefined
          ? mirrors
          : mirrors.filter(({ url }) => schemes.some((scheme) => url.toLowerCase().startsWith(scheme)));
      return this.#options.order.order(spoken, settings.policy, this.#addressOf(caller));
    };
    const now = this.#now();
    const limit = Math.min(Math.max(query.limit ?? settings.limit, 0), settings.limit);
    const scope = [repository.directory, ...(schemes ?? [])].join('\0');
    const page = this.#pages.page(ordered, limit, query.after, scope, now);
    const own = digest(query.url);
    const entries = page.mirrors.map((mirror) => entryOf(mirror, own, now));
    const list = { canonical, prefer: settings.prefer, mirrors: entries };
    return {
      answer: { kind: 'list', list: page.more === undefined ? list : { ...list, more: page.more } },
      url: this.#urlOf(repository),
      digest: own,
    };
  }

  #addressOf({ remoteAddress, forwardedFor }: MirrorCaller): string | undefined {
    return callerAddress(remoteAddress, forwardedFor, this.#options.trustedProxies);
  }

  #urlOf({ name, url }: AskedRepository): string | undefined {
    const { publicUrl } = this.#options;
    return publicUrl === undefined ? url : publicUrl + name;
  }

  /** A setting that makes no sense keeps nobody from fetching. */
  #advertises(directory: string): boolean {
    try {
      return this.#reading(directory, ({ config }) => advertisesMirrors(config));
    } catch (error) {
      this.#onWarning(`${directory}: ${messageOf(error)}`);
      return false;
    }
  }

  #factsOf(asked: AskedRepository): Facts {
    return this.#reading(asked.directory, (repository) => {
      const { config, commonDir } = repository;
      const settings = this.#settingsOf(repository);
      const copied = copiedUrls(config);
      const url = this.#urlOf(asked);
      const own = url === undefined ? [] : [url];
      const canonical =
        settings.canonical.length > 0 ? settings.canonical : copied.length > 0 ? copied.slice(0, 1) : own;
      return {
        commonDir,
        settings,
        canonical,
        keys: new Set([...settings.canonical, ...copied, ...own, asked.url ?? ''].map(repositoryKey)),
        mirrors: withRegistered(settings, this.#registry.list(commonDir, this.#now())),
        digest: (calledBy) => this.#reading(asked.directory, (current) => this.#digests.of(current, calledBy)),
      };
    });
  }

  /** Objects are looked up only for a mirror whose refs are others: it is behind, or none of ours. */
  #hasAny(directory: string, oids: readonly ObjectId[]): boolean {
    return this.#reading(directory, ({ refs, objects }) => {
      const [first] = refs.list('refs/');
      return first === undefined || oids.slice(0, maxCompared).some((oid) => objects.numberOf(oid) >= 0);
    });
  }

  #settingsOf({ gitDir, config }: Repository): MirrorSettings {
    const known = this.#settings.get(gitDir);
    this.#settings.delete(gitDir);
    const settings = known?.version === config.version ? known.settings : readMirrorSettings(config);
    this.#settings.set(gitDir, { version: config.version, settings });
    for (const oldest of this.#settings.keys()) {
      if (this.#settings.size <= maxRemembered) break;
      this.#settings.delete(oldest);
    }
    return settings;
  }

  #reading<Result>(directory: string, read: (repository: Repository) => Result): Result {
    const lease = this.#options.repositories.acquire(directory);
    try {
      return read(lease.repository);
    } finally {
      lease.release();
    }
  }
}

/** Those of the configuration first; what one of them has said of itself is added to it. */
function withRegistered(
  { mirrors, placeOf }: MirrorSettings,
  registered: readonly RegisteredMirror[],
): readonly RegisteredMirror[] {
  if (registered.length === 0) return mirrors;
  const all = [...mirrors];
  for (const mirror of registered) {
    const place = placeOf.get(repositoryKey(mirror.url) ?? mirror.url);
    const configured = place === undefined ? undefined : mirrors[place];
    if (place === undefined || configured === undefined) all.push(mirror);
    else all[place] = { ...configured, digest: mirror.digest, seenAtMs: mirror.seenAtMs };
  }
  return all;
}

function entryOf(mirror: RegisteredMirror, ownDigest: string, nowMs: number): MirrorEntry {
  const { url, digest, region, stratum, expiresAtMs } = mirror;
  return {
    url,
    region,
    stratum,
    digest,
    state: digest === undefined ? 'unknown' : digest === ownDigest ? 'current' : 'partial',
    ttlSeconds: expiresAtMs === undefined ? undefined : Math.max(0, Math.round((expiresAtMs - nowMs) / 1000)),
  };
}
