import { GitMirrorError } from '../core/error.ts';
import type { ObjectFormat } from '../core/object-id.ts';
import type { ProtocolVersion } from '../transport/connect-options.ts';
import type { AdvertisedRef, Advertisement } from '../wire/advertisement.ts';
import { encodeLsRefsRequest, LsRefsDecoder } from '../wire/ls-refs.ts';
import { decodeWhile } from './decode-while.ts';
import { fetchV0 } from './fetch-v0.ts';
import { fetchV2 } from './fetch-v2.ts';
import { openService, type OpenService } from './open-service.ts';
import type { PackSource } from './pack-source.ts';
import type { RemoteRefs } from './remote-refs.ts';
import type { PackAnswer, PackRequest } from './pack-request.ts';
import type { RemoteOptions } from './remote-options.ts';
import { commandCapabilities } from './command-capabilities.ts';
import { shallowSourceError } from './shallow-source.ts';

/** The upload-pack side of a replication: lists refs and sends packs. Call {@link close} at the end. */
export class SourceSession implements PackSource {
  readonly relays = true;
  readonly #options: RemoteOptions;
  readonly #protocol: ProtocolVersion;
  #service: OpenService;
  /** A stateful service that has sent its one pack, or was left in the middle of one. */
  #spent = false;

  private constructor(options: RemoteOptions, protocol: ProtocolVersion, service: OpenService) {
    this.#options = options;
    this.#protocol = protocol;
    this.#service = service;
  }

  /** Connects. `protocol` is asked for; what the server speaks is in {@link version}. */
  static async open(options: RemoteOptions, protocol: ProtocolVersion): Promise<SourceSession> {
    return new SourceSession(options, protocol, await openService(options, 'git-upload-pack', 'source', protocol));
  }

  get displayUrl(): string {
    return this.#service.connection.displayUrl;
  }

  get version(): ProtocolVersion {
    return this.#advertisement.version;
  }

  get protocol(): string {
    return `v${this.version}`;
  }

  get objectFormat(): ObjectFormat {
    return this.#advertisement.objectFormat;
  }

  get answersInParallel(): boolean {
    return this.#service.connection.mode === 'stateless';
  }

  get capabilities(): readonly string[] {
    return this.#advertisement.capabilities.formatLines();
  }

  get canFilter(): boolean {
    const { capabilities } = this.#advertisement;
    return this.version === 2 ? capabilities.features('fetch').has('filter') : capabilities.has('filter');
  }

  get canNegotiate(): boolean {
    return this.version === 2;
  }

  get canWantAnyReachable(): boolean {
    const { capabilities } = this.#advertisement;
    return (
      this.version === 2 ||
      capabilities.has('allow-reachable-sha1-in-want') ||
      capabilities.has('allow-any-sha1-in-want')
    );
  }

  async listRefs(prefixes: readonly string[]): Promise<RemoteRefs> {
    const advertisement = this.#advertisement;
    if (advertisement.version === 2) return this.#listRefsV2(prefixes);
    if (advertisement.shallow.length > 0) throw shallowSourceError(this.displayUrl);
    return {
      refs: withPrefixes(advertisement.refs, prefixes),
      head: advertisement.head,
      invalidNames: advertisement.invalidRefs.map(({ name }) => name),
    };
  }

  async fetchPack(request: PackRequest, doing: string): Promise<PackAnswer> {
    await this.#reopenIfSpent();
    // Until its pack has been read to the end, a conversation is good for nothing else.
    this.#spent = this.#service.connection.mode === 'stateful';
    const { tally, onMessage } = this.#options;
    tally.wants += request.wants.length;
    tally.haves += request.haves.length;
    const context = {
      service: this.#service,
      userAgent: this.#options.userAgent,
      doing,
      onMessage,
      left: (clean: boolean) => {
        if (clean && this.version === 2) this.#spent = false;
      },
    };
    return this.version === 2 ? fetchV2(context, request) : fetchV0(context, request);
  }

  async close(): Promise<void> {
    await this.#service.connection.close();
  }

  get #advertisement(): Advertisement {
    return this.#service.advertisement;
  }

  async #listRefsV2(prefixes: readonly string[]): Promise<RemoteRefs> {
    const { capabilities, objectFormat } = this.#advertisement;
    if (!capabilities.has('ls-refs')) {
      throw new GitMirrorError('GM_PROTOCOL', `${this.displayUrl} does not offer ls-refs; try --protocol v1.`);
    }
    const body = encodeLsRefsRequest({
      capabilities: commandCapabilities(this.#advertisement, this.#options.userAgent),
      prefixes: ['HEAD', ...prefixes],
      peel: false,
      symrefs: true,
      unborn: capabilities.features('ls-refs').has('unborn'),
    });
    const reader = await this.#service.exchange(body);
    const decoder = new LsRefsDecoder(objectFormat);
    const doing = `listing the refs of ${this.displayUrl}`;
    for (let complete = false; !complete;) {
      const packet = await reader.read(doing);
      complete = decodeWhile(doing, () => decoder.push(packet));
    }
    if (this.#service.connection.mode === 'stateless') await reader.release();
    const { refs, head, invalidRefs } = decoder.result();
    return { refs: withPrefixes(refs, prefixes), head, invalidNames: invalidRefs.map(({ name }) => name) };
  }

  async #reopenIfSpent(): Promise<void> {
    if (!this.#spent) return;
    await this.#service.connection.close();
    this.#service = await openService(this.#options, 'git-upload-pack', 'source', this.#protocol);
    this.#spent = false;
  }
}

function withPrefixes(refs: readonly AdvertisedRef[], prefixes: readonly string[]): readonly AdvertisedRef[] {
  return refs.filter(({ name }) => name !== 'HEAD' && prefixes.some((prefix) => name.startsWith(prefix)));
}
