import { concatStreams, type ByteStream } from '../core/byte-stream.ts';
import { GitMirrorError } from '../core/error.ts';
import { isNullOid, type ObjectFormat, type ObjectId } from '../core/object-id.ts';
import type { ProtocolVersion } from '../transport/connect-options.ts';
import type { RefAdvertisement } from '../wire/advertisement.ts';
import { encodeUpdateRequest, type RefCommand } from '../wire/update-request.ts';
import type { ReportStatus } from '../wire/report-status.ts';
import { agentCapability } from './agent.ts';
import { openService, type OpenService } from './open-service.ts';
import { readReport } from './read-report.ts';
import type { RemoteOptions } from './remote-options.ts';

/** One push: ref updates, and the objects they need. */
export interface PushRequest {
  /** In the order they are sent; never empty. */
  readonly commands: readonly RefCommand[];
  /** The pack; needed exactly when a command creates or updates. A body that throws ends the push without effect. */
  readonly pack?: ByteStream | undefined;
  readonly atomic?: boolean | undefined;
  readonly pushOptions?: readonly string[] | undefined;
  /** Ends this push, besides the signal of the session. */
  readonly signal?: AbortSignal | undefined;
}

/** The receive-pack side of a replication. Call {@link close} at the end. */
export class TargetSession {
  readonly #options: RemoteOptions;
  readonly #protocol: ProtocolVersion;
  #service: OpenService;
  #spent = false;

  private constructor(options: RemoteOptions, protocol: ProtocolVersion, service: OpenService) {
    this.#options = options;
    this.#protocol = protocol;
    this.#service = service;
  }

  /** Connects and reads the target's refs. `protocol` is 0 or 1; pushes have no version 2. */
  static async open(options: RemoteOptions, protocol: 0 | 1): Promise<TargetSession> {
    return new TargetSession(options, protocol, await openService(options, 'git-receive-pack', 'target', protocol));
  }

  get displayUrl(): string {
    return this.#service.connection.displayUrl;
  }

  get objectFormat(): ObjectFormat {
    return this.#advertisement.objectFormat;
  }

  get capabilities(): readonly string[] {
    return this.#advertisement.capabilities.formatLines();
  }

  /** Whether packs may hold offset deltas. */
  get takesOfsDelta(): boolean {
    return this.#has('ofs-delta');
  }

  /** The refs as the target last listed them, HEAD left out. */
  get refs(): ReadonlyMap<string, ObjectId> {
    return new Map(
      this.#advertisement.refs.filter(({ name }) => name !== 'HEAD').map(({ name, oid }) => [name, oid] as const),
    );
  }

  /** Objects the target has besides what its refs name (`.have` lines). */
  get extraHaves(): readonly ObjectId[] {
    return this.#advertisement.extraHaves;
  }

  /** Connects anew and reads the refs again. */
  async refresh(): Promise<void> {
    await this.#service.connection.close();
    this.#service = await openService(this.#options, 'git-receive-pack', 'target', this.#protocol);
    this.#spent = false;
  }

  /** Throws `GM_PROTOCOL` when the target lacks something that this push needs; nothing has been sent then. */
  assertCan(needs: { readonly atomic: boolean; readonly pushOptions: boolean; readonly deletes: boolean }): void {
    const lacks = (capability: string, what: string) =>
      new GitMirrorError('GM_PROTOCOL', `${this.displayUrl} does not support ${what} (no '${capability}').`, {
        details: { url: this.displayUrl, capability },
      });
    if (needs.atomic && !this.#has('atomic')) throw lacks('atomic', 'atomic pushes');
    if (needs.pushOptions && !this.#has('push-options')) throw lacks('push-options', 'push options');
    if (needs.deletes && !this.#has('delete-refs')) throw lacks('delete-refs', 'deleting refs');
  }

  /**
   * Sends a push and reads the report (gitprotocol-pack, "Pushing Data To a Server"). Refused refs and unpack errors
   * are in the report, not thrown. Undefined when the target cannot report at all.
   */
  async push(request: PushRequest): Promise<ReportStatus | undefined> {
    if (this.#spent) await this.refresh();
    const deletes = request.commands.some(({ newOid }) => isNullOid(newOid));
    const pushOptions = request.pushOptions ?? [];
    this.assertCan({ atomic: request.atomic === true, pushOptions: pushOptions.length > 0, deletes });
    this.#options.tally.commands += request.commands.length;

    const reportName = ['report-status-v2', 'report-status'].find((name) => this.#has(name));
    const sideband = this.#has('side-band-64k');
    const capabilities = [
      reportName,
      sideband ? 'side-band-64k' : undefined,
      this.#options.onMessage === undefined && this.#has('quiet') ? 'quiet' : undefined,
      request.atomic === true ? 'atomic' : undefined,
      pushOptions.length > 0 ? 'push-options' : undefined,
      this.#has('object-format') ? `object-format=${this.objectFormat}` : undefined,
      this.#has('agent') ? agentCapability(this.#options.userAgent) : undefined,
    ].filter((capability) => capability !== undefined);
    const head = encodeUpdateRequest({
      commands: request.commands,
      capabilities,
      ...(pushOptions.length > 0 ? { pushOptions } : {}),
    });

    const stateful = this.#service.connection.mode === 'stateful';
    if (stateful) this.#spent = true;
    const reader = await this.#service.exchange(
      request.pack === undefined ? head : concatStreams([head], request.pack),
      // A conversation serves one push, and a pack that is cut off must not keep both sides waiting.
      { signal: request.signal, head, isLast: true },
    );
    try {
      return await readReport(reader, {
        reports: reportName !== undefined,
        sideband,
        doing: `${this.displayUrl} was reporting on the push`,
        onMessage: this.#options.onMessage,
      });
    } finally {
      if (!stateful) await reader.release();
    }
  }

  async close(): Promise<void> {
    await this.#service.connection.close();
  }

  get #advertisement(): RefAdvertisement {
    const { advertisement } = this.#service;
    if (advertisement.version === 2) {
      throw new GitMirrorError(
        'GM_PROTOCOL',
        `${this.displayUrl} answered a push in protocol version 2, which has none.`,
      );
    }
    return advertisement;
  }

  #has(capability: string): boolean {
    return this.#advertisement.capabilities.has(capability);
  }
}
