import { once } from 'node:events';
import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import type { ByteStream } from '../core/byte-stream.ts';
import { GitMirrorError } from '../core/error.ts';
import { readerOf } from '../transport/byte-channel.ts';
import { PacketDecoder } from '../wire/pkt-line.ts';
import type { HandlerLimits } from './handler-limits.ts';
import { RequestReport } from './request-observer.ts';
import type { RequestRecord } from './request-record.ts';
import { writeBorrowed } from './write-borrowed.ts';

/** A client that has ended its side is gone when nothing of the answer leaves for so long. */
const goneAfterMs = 750;
/** A client that is refused gets this long to read why. */
const lingerMs = 2000;

/** One connection of git://: the adapter between a socket and the universal types. */
export class DaemonConversation {
  readonly report = new RequestReport();
  readonly #socket: Socket;
  readonly #read: () => Promise<Uint8Array | undefined>;
  /** One chunk is read ahead, always: a client that goes away is seen by that alone. */
  #ahead: Promise<Uint8Array | undefined>;
  readonly #abort = new AbortController();
  readonly #decoder: PacketDecoder;
  readonly #idleTimer: NodeJS.Timeout;
  readonly #totalTimer: NodeJS.Timeout;
  readonly #startedAt = performance.now();
  readonly #remoteAddress: string | undefined;
  #goneTimer: NodeJS.Timeout | undefined;
  #repository: string | undefined;
  #gitProtocol = '';
  #receivedBytes = 0;
  #sentBytes = 0;
  #error: string | undefined;
  #status = 200;
  #isAbandoned = false;

  constructor(socket: Socket, limits: HandlerLimits) {
    this.#socket = socket;
    this.#remoteAddress = socket.remoteAddress;
    this.#read = readerOf(socket);
    this.#decoder = new PacketDecoder({ maxPacketBytes: limits.maxPktLineBytes });
    const timeUp = (ms: number) => () => {
      this.#stop(new GitMirrorError('GM_TIMEOUT', `The connection was given up after ${Math.ceil(ms / 1000)} seconds`));
    };
    this.#idleTimer = setTimeout(timeUp(limits.requestTimeMs), limits.requestTimeMs);
    this.#totalTimer = setTimeout(timeUp(limits.totalTimeMs), limits.totalTimeMs);
    socket.on('error', () => undefined);
    socket.once('close', () => {
      this.#leave();
    });
    this.#ahead = this.#readAhead();
  }

  /** Aborted when the client is gone, time is up, or the conversation is over. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get remoteAddress(): string | undefined {
    return this.#remoteAddress;
  }

  /** Says what the conversation is about, for the record. */
  describe(repository: string | undefined, gitProtocol: string): void {
    this.#repository = repository;
    this.#gitProtocol = gitProtocol;
  }

  failedWith(error: string): void {
    this.#error ??= error;
  }

  /** Payload of the packet that opens the connection. Throws `GM_PROTOCOL`, `GM_NETWORK`, or what ended the conversation. */
  async readFirstPacket(): Promise<Uint8Array> {
    for (;;) {
      const packet = this.#decoder.next();
      if (packet?.type === 'data') return packet.payload.slice();
      if (packet !== undefined) throw new GitMirrorError('GM_PROTOCOL', 'The connection begins with no request');
      const chunk = await this.#next();
      if (chunk === undefined) throw new GitMirrorError('GM_NETWORK', 'The client asked for nothing');
      this.#decoder.push(chunk);
    }
  }

  /** What the client sends behind the first packet. */
  async *input(): AsyncGenerator<Uint8Array, void, void> {
    const rest = this.#decoder.takeRest();
    if (rest.length > 0) yield rest.slice();
    for (;;) {
      const chunk = await this.#next();
      if (chunk === undefined) return;
      yield chunk;
    }
  }

  /** Sends `output` as fast as the client takes it. Throws the reason of {@link signal} when that is aborted. */
  async send(output: ByteStream): Promise<void> {
    for await (const chunk of output) {
      this.signal.throwIfAborted();
      await this.#write(chunk);
    }
    this.signal.throwIfAborted();
  }

  /** Ends our side when all has been sent, and waits for it to leave. */
  async end(): Promise<void> {
    if (this.#socket.destroyed) return;
    this.#socket.end();
    await once(this.#socket, 'finish', { signal: this.signal });
  }

  /** Sends a last packet, reading on for a moment: closing at once would take it back from a client that is sending. */
  async refuse(packet: Uint8Array): Promise<void> {
    this.#status = 403;
    const socket = this.#socket;
    if (socket.destroyed) return;
    socket.end(packet);
    const timer = setTimeout(() => socket.destroy(), lingerMs);
    while ((await this.#ahead) !== undefined) this.#ahead = this.#readAhead();
    clearTimeout(timer);
  }

  /** Ends everything and says what became of it. */
  finish(): RequestRecord {
    clearTimeout(this.#idleTimer);
    clearTimeout(this.#totalTimer);
    clearTimeout(this.#goneTimer);
    this.#abort.abort(new GitMirrorError('GM_NETWORK', 'The conversation is over'));
    // What has been written still leaves; nothing more is read.
    if (this.#socket.writableEnded) this.#socket.destroySoon();
    else this.#socket.destroy();
    const { backend, allFacts, phases } = this.report;
    return {
      method: 'git',
      repository: this.#repository,
      path: this.#repository === undefined ? undefined : 'git-upload-pack',
      service: undefined,
      status: this.#isAbandoned ? 499 : this.#status,
      requestBytes: this.#receivedBytes,
      responseBytes: this.#sentBytes,
      startMs: performance.timeOrigin + this.#startedAt,
      durationMs: performance.now() - this.#startedAt,
      isAbandoned: this.#isAbandoned,
      backend,
      gitProtocol: this.#gitProtocol,
      facts: allFacts,
      phases,
      ...(this.#error === undefined ? {} : { error: this.#error }),
    };
  }

  async #next(): Promise<Uint8Array | undefined> {
    this.signal.throwIfAborted();
    const chunk = await this.#ahead;
    if (chunk === undefined) {
      // Input that was broken off is not complete.
      if (!this.#socket.readableEnded) this.signal.throwIfAborted();
      return undefined;
    }
    this.#ahead = this.#readAhead();
    this.#receivedBytes += chunk.length;
    this.#idleTimer.refresh();
    return chunk;
  }

  async #readAhead(): Promise<Uint8Array | undefined> {
    const chunk = await this.#read().catch(() => undefined);
    if (chunk === undefined) {
      this.#goneTimer = setTimeout(() => {
        this.#leave();
      }, goneAfterMs);
    }
    return chunk;
  }

  async #write(chunk: Uint8Array): Promise<void> {
    this.#sentBytes += chunk.length;
    await writeBorrowed(this.#socket, chunk, this.signal);
    this.#idleTimer.refresh();
    this.#goneTimer?.refresh();
  }

  /** The client has gone away; when all has been said, that is how conversations end. */
  #leave(): void {
    if (this.#socket.writableEnded) return;
    this.#isAbandoned = !this.#abort.signal.aborted;
    this.#stop(new GitMirrorError('GM_NETWORK', 'The client went away'));
  }

  #stop(reason: GitMirrorError): void {
    this.#abort.abort(reason);
    this.#socket.destroy();
  }
}
