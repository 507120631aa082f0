import { TimeSlice } from '../pack/time-slice.ts';
import { NamespacedRefs, namespacePrefix } from '../repository/refs/namespaced-refs.ts';
import type { Repository } from '../repository/repository.ts';
import { protocolVersionOf } from './protocol-version.ts';
import { ReplyWriter } from './reply-writer.ts';
import { RequestPackets } from './request-packets.ts';
import { ServedRefs } from './served-refs.ts';
import { newSessionId } from './session-id.ts';
import { readUploadConfig } from './upload-config.ts';
import type { UploadConfig } from './upload-config.ts';
import type { UploadExchange } from './upload-exchange.ts';

/** What all steps of one exchange share. */
export class UploadSession {
  readonly exchange: UploadExchange;
  readonly repository: Repository;
  readonly config: UploadConfig;
  readonly version: 0 | 1 | 2;
  readonly packets: RequestPackets;
  readonly reply: ReplyWriter;
  readonly refs: ServedRefs;
  #sessionId: string | undefined;

  constructor(exchange: UploadExchange) {
    this.exchange = exchange;
    this.repository = exchange.repository;
    this.config = readUploadConfig(exchange.repository);
    this.version = protocolVersionOf(exchange.gitProtocol);
    this.packets = new RequestPackets(exchange.input, exchange.limits.maxPktLineBytes);
    this.reply = new ReplyWriter(exchange.output);
    this.refs = new ServedRefs(
      new NamespacedRefs(exchange.repository.refs, namespacePrefix(exchange.namespace)),
      this.config.hiddenRefs,
    );
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
