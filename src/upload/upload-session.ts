import { isGitMirrorError } from '../core/error.ts';
import { TimeSlice } from '../pack/time-slice.ts';
import type { Repository } from '../repository/repository.ts';
import { displayUrl } from '../transport/display-url.ts';
import { decodeMirrorKeys } from '../wire/mirrors/git-protocol-keys.ts';
import type { MirrorKeys } from '../wire/mirrors/git-protocol-keys.ts';
import { printableText } from '../wire/printable-text.ts';
import { protocolVersionOf } from './protocol-version.ts';
import type { RefsView } from './refs-view.ts';
import { viewRefs } from './refs-view.ts';
import { ReplyWriter } from './reply-writer.ts';
import { RequestPackets } from './request-packets.ts';
import type { ServedRefs } from './served-refs.ts';
import { newSessionId } from './session-id.ts';
import { readUploadConfig } from './upload-config.ts';
import type { UploadConfig } from './upload-config.ts';
import { Refusal } from './upload-error.ts';
import type { UploadExchange } from './upload-exchange.ts';

/** What all steps of one exchange share. */
export class UploadSession {
  readonly exchange: UploadExchange;
  readonly repository: Repository;
  readonly config: UploadConfig;
  readonly version: 0 | 1 | 2;
  readonly packets: RequestPackets;
  readonly reply: ReplyWriter;
  #view: Extract<RefsView, { kind: 'served' }> | undefined;
  #mirrorKeys: MirrorKeys | undefined;
  #sessionId: string | undefined;

  constructor(exchange: UploadExchange) {
    this.exchange = exchange;
    this.repository = exchange.repository;
    this.config = readUploadConfig(exchange.repository);
    this.version = protocolVersionOf(exchange.gitProtocol);
    this.packets = new RequestPackets(exchange.input, exchange.limits.maxPktLineBytes);
    this.reply = new ReplyWriter(exchange.output);
  }

  /** The refs that are shown. A {@link Refusal} when the client has asked for what the repository is no copy of. */
  get view(): Extract<RefsView, { kind: 'served' }> {
    return (this.#view ??= this.#openView());
  }

  /** Opens the view, so that a {@link Refusal} is said before anything else. */
  requireView(): void {
    this.#view ??= this.#openView();
  }

  get refs(): ServedRefs {
    return this.view.refs;
  }

  /** What the client calls the repository; undefined: by its path. */
  get url(): string | undefined {
    return this.#keys.url;
  }

  /** Whether the list of mirrors follows the advertisement of v0 and v1. */
  get sendsMirrors(): boolean {
    return this.#keys.asksForMirrors && this.exchange.mirrors !== undefined;
  }

  /** What this exchange is called; undefined when clients are not told (transfer.advertiseSID). */
  get sessionId(): string | undefined {
    if (!this.config.advertiseSessionId) return undefined;
    if (this.#sessionId === undefined) {
      this.#sessionId = newSessionId();
      this.exchange.observer.facts({ serverSessionId: this.#sessionId });
    }
    return this.#sessionId;
  }

  newSlice(): TimeSlice {
    return new TimeSlice(this.exchange.signal);
  }

  get #keys(): MirrorKeys {
    return (this.#mirrorKeys ??= readKeys(this.exchange.gitProtocol));
  }

  #openView(): Extract<RefsView, { kind: 'served' }> {
    const { namespace } = this.exchange;
    const { url, repository, config } = this;
    const view = viewRefs(repository, { namespace, url, hidden: config.hiddenRefs });
    if (view.kind === 'served') return view;
    const asked = printableText(displayUrl(url ?? ''), 200);
    const valid = view.valid.length === 0 ? 'it has no other URL' : `it is known as ${view.valid.join(', ')}`;
    throw new Refusal(`this repository is no copy of ${asked}; ${valid}`);
  }

  /** Runs `work` and tells the observer how long it took, also when it fails. */
  async timed<Result>(
    phase: Parameters<UploadExchange['observer']['phase']>[0],
    work: () => Promise<Result>,
  ): Promise<Result> {
    const startMs = performance.timeOrigin + performance.now();
    try {
      return await work();
    } finally {
      this.exchange.observer.phase(phase, startMs, performance.timeOrigin + performance.now());
    }
  }
}

/** @throws Refusal for a `url` that is none. */
function readKeys(gitProtocol: string): MirrorKeys {
  try {
    return decodeMirrorKeys(gitProtocol);
  } catch (error) {
    if (isGitMirrorError(error, 'GM_PROTOCOL')) throw new Refusal(error.message);
    throw error;
  }
}
