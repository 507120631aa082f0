import type { ByteStream } from '../../core/byte-stream.ts';
import { ServiceTally } from '../../client/service-tally.ts';
import { SourceSession } from '../../client/source-session.ts';
import { GitMirrorError, messageOf } from '../../core/error.ts';
import type { ObjectFormat, ObjectId } from '../../core/object-id.ts';
import { userAgent } from '../../core/version.ts';
import { displayUrl } from '../../transport/display-url.ts';
import { isolatedEnvironment } from '../fetch/isolation.ts';
import type { GitProgram } from '../git-program.ts';
import type { MirrorCandidate, MirrorLimits } from '../mirror-candidate.ts';
import { settingsForUrl } from '../rank/settings-for-url.ts';
import { usedMirrorUrl } from '../settings/used-mirror-url.ts';
import { PackWatch } from './pack-watch.ts';

/** What a lane needs besides its mirror. */
export interface LaneOptions {
  /** For its environment and configuration: proxies, certificates, ssh. */
  readonly git: GitProgram;
  readonly limits: MirrorLimits;
  /** Of the repository that takes the objects. */
  readonly objectFormat: ObjectFormat;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/** Failures after which a mirror is left. One may be chance. */
const maxFailures = 2;

/**
 * One mirror, asked for one pack after another with no credentials and no redirects, within its limits. Whatever fails is
 * counted; a lane that was left is not asked again. Call {@link close} at the end.
 */
export class MirrorLane {
  readonly mirror: MirrorCandidate;
  readonly displayUrl: string;
  /** Parts that came whole. */
  parts = 0;
  #offer: ReadonlySet<ObjectId> = new Set();
  #canWantAny = false;
  #canFilter = false;
  #failures = 0;
  #fetchMs = 0;
  #fetchBytes = 0;
  #leftReason: string | undefined;
  #session: SourceSession | undefined;
  #abort = new AbortController();
  #watch: PackWatch | undefined;
  readonly #options: LaneOptions;
  readonly #tally: ServiceTally;
  readonly #total: NodeJS.Timeout;

  constructor(mirror: MirrorCandidate, options: LaneOptions) {
    this.mirror = mirror;
    this.displayUrl = displayUrl(mirror.url);
    this.#options = options;
    this.#tally = new LaneTally((bytes) => {
      this.#received(bytes);
    });
    const { totalMs } = options.limits;
    this.#total = setTimeout(() => {
      this.#giveUp(new GitMirrorError('GM_TIMEOUT', `it took longer than ${String(Math.round(totalMs / 1000))} s`));
    }, totalMs);
    this.#total.unref();
  }

  /** Bytes that it sent. */
  get bytes(): number {
    return this.#tally.responseBytes;
  }

  /** Of all packs so far, from the question on. */
  get bytesPerSecond(): number {
    return this.#fetchMs === 0 ? 0 : (this.#fetchBytes * 1000) / this.#fetchMs;
  }

  /** What it shows: nothing before {@link list}. */
  get offer(): ReadonlySet<ObjectId> {
    return this.#offer;
  }

  get objectFormat(): ObjectFormat {
    return this.#options.objectFormat;
  }

  /** Why it is asked no more. */
  get leftReason(): string | undefined {
    return this.#leftReason;
  }

  /** Whether commits can be asked for that no ref names. */
  get canWantAnyReachable(): boolean {
    return this.#canWantAny;
  }

  /** Whether a history can be asked for without its files. */
  get canFilter(): boolean {
    return this.#canFilter;
  }

  /** Asks what it has. A failure leaves it. */
  async list(prefixes: readonly string[]): Promise<void> {
    try {
      await this.#watched(async (watch) => {
        watch.begin();
        const session = await this.#open();
        const { refs } = await session.listRefs(prefixes);
        watch.end();
        this.#offer = new Set(refs.map(({ oid }) => oid));
        this.#canWantAny = session.canWantAnyReachable;
        this.#canFilter = session.canFilter;
      });
    } catch (error) {
      this.leave(this.#explain(error));
    }
  }

  /**
   * Gives `use` the pack of what `wants` reach and `haves` do not; never thin. What goes wrong is thrown and not yet counted:
   * see {@link fail}.
   */
  async fetch<Result>(
    request: { readonly wants: readonly ObjectId[]; readonly haves: readonly ObjectId[]; readonly filter?: string },
    use: (pack: ByteStream) => Promise<Result>,
  ): Promise<Result> {
    const [startMs, startBytes] = [performance.now(), this.bytes];
    return this.#watched(async (watch) => {
      watch.begin();
      const session = await this.#open();
      const { pack } = await session.fetchPack({ ...request, ofsDelta: true }, `fetching from ${this.displayUrl}`);
      if (pack === undefined) throw new GitMirrorError('GM_PROTOCOL', 'it sent no pack');
      const result = await use(watch.watch(pack));
      this.#fetchMs += performance.now() - startMs;
      this.#fetchBytes += this.bytes - startBytes;
      return result;
    });
  }

  /** Ends the fetch that is under way, which throws. */
  interrupt(): void {
    this.#abort.abort(new GitMirrorError('GM_TIMEOUT', 'another mirror was faster'));
  }

  /** Counts a failure and says what it was. */
  fail(error: unknown): string {
    const reason = this.#explain(error);
    this.#failures += 1;
    if (this.#failures >= maxFailures) this.leave(reason);
    return reason;
  }

  /** Asks it no more. */
  leave(reason: string): void {
    this.#leftReason ??= reason;
  }

  /** Ends what is under way. */
  async close(): Promise<void> {
    clearTimeout(this.#total);
    await this.#reset();
  }

  /** Runs `work` under a watch; the session does not outlive what goes wrong in it. */
  async #watched<Result>(work: (watch: PackWatch) => Promise<Result>): Promise<Result> {
    const watch = new PackWatch(this.#options.limits, (reason) => {
      this.#abort.abort(reason);
    });
    this.#watch = watch;
    try {
      return await work(watch);
    } catch (error) {
      await this.#reset();
      this.#options.signal.throwIfAborted();
      throw error;
    } finally {
      this.#watch = undefined;
      watch.end();
    }
  }

  async #open(): Promise<SourceSession> {
    if (this.#session !== undefined) return this.#session;
    const { git, signal, objectFormat } = this.#options;
    const url = await usedMirrorUrl(git, this.mirror);
    const settings = await settingsForUrl(git, url);
    const env = { ...settings.env, ...isolatedEnvironment(git, this.mirror) };
    const session = await SourceSession.open(
      {
        endpoint: { url, followInfoRefsRedirect: false },
        userAgent: userAgent(),
        env: Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined)),
        caFile: settings.caFile,
        tally: this.#tally,
        signal: AbortSignal.any([signal, this.#abort.signal]),
      },
      2,
    );
    this.#session = session;
    // An empty repository of version 0 says nothing of itself.
    if (session.capabilities.length > 0 && session.objectFormat !== objectFormat) {
      throw new GitMirrorError('GM_OBJECT_FORMAT', `it names objects by ${session.objectFormat}`);
    }
    return session;
  }

  async #reset(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    this.#abort = new AbortController();
    await session?.close();
  }

  #received(bytes: number): void {
    this.#watch?.word();
    const { maxBytes } = this.#options.limits;
    if (this.bytes > maxBytes && this.bytes - bytes <= maxBytes) {
      this.#giveUp(new GitMirrorError('GM_LIMIT', `it sent more than ${String(maxBytes)} bytes`));
    }
  }

  #giveUp(reason: GitMirrorError): void {
    this.leave(reason.message);
    this.#abort.abort(reason);
  }

  #explain(error: unknown): string {
    return this.#leftReason ?? messageOf(error);
  }
}

class LaneTally extends ServiceTally {
  readonly #onReceived: (bytes: number) => void;

  constructor(onReceived: (bytes: number) => void) {
    super('mirror git-upload-pack');
    this.#onReceived = onReceived;
  }

  override received(bytes: number): void {
    super.received(bytes);
    this.#onReceived(bytes);
  }
}
