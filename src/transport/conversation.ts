import { concatBytes, decodeUtf8 } from '../core/bytes.ts';
import { streamOf } from '../core/byte-stream.ts';
import { GitMirrorError, messageOf } from '../core/error.ts';
import { limits } from '../core/limits.ts';
import type { ByteChannel } from './byte-channel.ts';
import type { ConnectOptions } from './connect-options.ts';
import { refusalOf } from './refusal.ts';
import { presentRemoteText } from './remote-text.ts';
import type { RequestBody, ServiceConnection, ServiceRequestOptions } from './service-connection.ts';

const defaultIdleTimeoutMs = 600_000;
/** Bytes needed to see whether an answer begins with `ERR `. */
const greetingBytes = 8;

/** A failure that has happened; boxed, since anything can be thrown. */
interface Failure {
  readonly reason: unknown;
}

class Conversation implements ServiceConnection {
  readonly mode = 'stateful';
  readonly displayUrl: string;
  readonly advertisement: AsyncIterableIterator<Uint8Array>;
  readonly #channel: ByteChannel;
  readonly #options: ConnectOptions;
  readonly #unlink: (() => void)[] = [];
  /** Read ahead and not yet given out. */
  #ahead: Uint8Array | undefined;
  #failure: Failure | undefined;
  #writing: Promise<void> = Promise.resolve();
  #body: AsyncIterator<Uint8Array> | undefined;
  #pendingWrites = 0;
  #isReading = false;
  #spoke = false;
  #interrupt: (() => void) | undefined;
  #waitsForBody = false;
  #ended = false;
  #closing: Promise<void> | undefined;
  readonly #idleTimer: NodeJS.Timeout;

  constructor(channel: ByteChannel, displayUrl: string, options: ConnectOptions, ahead?: Uint8Array) {
    this.#channel = channel;
    this.displayUrl = displayUrl;
    this.#options = options;
    this.#ahead = ahead === undefined || ahead.length === 0 ? undefined : ahead;
    const idleTimeoutMs = options.idleTimeoutMs ?? defaultIdleTimeoutMs;
    this.#idleTimer = setTimeout(() => {
      this.#onIdle(idleTimeoutMs);
    }, idleTimeoutMs).unref();
    this.advertisement = {
      next: async () => {
        const chunk = await this.#next();
        return chunk === undefined ? { done: true, value: undefined } : { done: false, value: chunk };
      },
      // Leaving a message early does not end the conversation that it is part of; close() does.
      return: () => Promise.resolve({ done: true, value: undefined }),
      [Symbol.asyncIterator]() {
        return this;
      },
    };
    this.#failOn(options.signal);
  }

  request(body: RequestBody, options: ServiceRequestOptions = {}): Promise<AsyncIterableIterator<Uint8Array>> {
    this.#failOn(options.signal);
    this.#pendingWrites += 1;
    this.#writing = this.#writing
      .then(() => this.#send(body, options.isLast === true))
      .catch((error: unknown) => {
        this.fail(error);
      })
      .finally(() => {
        this.#pendingWrites -= 1;
      });
    return Promise.resolve(this.advertisement);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Ends the conversation with an error that readers get. The first one counts. */
  fail(reason: unknown): void {
    if (this.#closing !== undefined) {
      // Nobody reads any more; what is still being waited for is cut short.
      this.#channel.abandon();
      return;
    }
    if (this.#failure !== undefined) return;
    this.#failure = { reason };
    this.#channel.abandon();
    this.#releaseBody();
    this.#interrupt?.();
  }

  /**
   * Waits for the first bytes and looks whether they are the beginning of an answer, so that a refused connection is
   * an error of connecting. Throws what {@link openConversation} says.
   */
  async greet(): Promise<void> {
    const head = await this.#readAhead(greetingBytes);
    const text = decodeUtf8(head.subarray(0, greetingBytes));
    if (/^[0-9a-f]{4}ERR /i.test(text)) {
      const length = Math.min(Number.parseInt(text.slice(0, 4), 16), limits.maxErrorTextBytes);
      const packet = await this.#readAhead(length);
      const said = presentRemoteText(decodeUtf8(packet.subarray(greetingBytes, length)));
      throw refusalOf({ url: this.displayUrl, speaker: 'the server', text: said, otherwise: 'GM_REMOTE' });
    }
    if (head.length >= 4 && !/^[0-9a-f]{4}/i.test(text)) {
      const said = presentRemoteText(decodeUtf8(head.subarray(0, 200)));
      throw new GitMirrorError(
        'GM_PROTOCOL',
        `${this.displayUrl} does not answer in the Git protocol, it begins with "${said}": does a login script print something, or is this no Git server?`,
        { details: { url: this.displayUrl } },
      );
    }
  }

  /** Chunks read but not given out, joined, until there are `length` bytes or the end. They stay unread. */
  async #readAhead(length: number): Promise<Uint8Array> {
    for (;;) {
      const ahead = this.#ahead ?? new Uint8Array();
      if (ahead.length >= length) return ahead;
      this.#ahead = undefined;
      const chunk = await this.#next();
      if (chunk === undefined) {
        this.#ahead = ahead.length > 0 ? ahead : undefined;
        return ahead;
      }
      this.#ahead = concatBytes([ahead, chunk]);
    }
  }

  async #next(): Promise<Uint8Array | undefined> {
    this.#throwIfFailed();
    if (this.#ahead !== undefined) {
      const ahead = this.#ahead;
      this.#ahead = undefined;
      return ahead;
    }
    if (this.#ended) return undefined;
    this.#isReading = true;
    this.#idleTimer.refresh();
    let chunk: Uint8Array | undefined;
    let broken: Failure | undefined;
    try {
      chunk = await this.#readOrFail();
    } catch (error) {
      broken = { reason: error };
    } finally {
      this.#isReading = false;
    }
    this.#throwIfFailed();
    if (chunk !== undefined) {
      this.#spoke = true;
      this.#options.meter?.received(chunk.length);
      return chunk;
    }
    this.#ended = true;
    if (this.#closing === undefined) await this.#failByEnd(broken);
    return undefined;
  }

  /** The next chunk of the channel, or undefined at once when the conversation fails: a channel may take a while to end. */
  #readOrFail(): Promise<Uint8Array | undefined> {
    return new Promise((resolve, reject) => {
      this.#interrupt = () => {
        resolve(undefined);
      };
      this.#channel.read().then(resolve, reject);
    });
  }

  async #failByEnd(broken: Failure | undefined): Promise<void> {
    const end = { spoke: this.#spoke, ...(broken === undefined ? {} : { cause: broken.reason }) };
    const explained =
      (await this.#channel.explainEnd(end)) ?? (broken === undefined ? undefined : this.#brokenBy(broken));
    // An abort may have come while the program was ending.
    this.#throwIfFailed();
    if (explained === undefined) return;
    this.fail(explained);
    throw explained;
  }

  #brokenBy({ reason }: Failure): GitMirrorError {
    return new GitMirrorError('GM_NETWORK', `The connection to ${this.displayUrl} broke: ${messageOf(reason)}`, {
      cause: reason,
      details: { url: this.displayUrl },
    });
  }

  async #send(body: RequestBody, isLast: boolean): Promise<void> {
    const chunks = (body instanceof Uint8Array ? streamOf(body) : body)[Symbol.asyncIterator]();
    this.#body = chunks;
    for (;;) {
      if (this.#failure !== undefined || this.#closing !== undefined) break;
      this.#waitsForBody = true;
      const next = await chunks.next();
      this.#waitsForBody = false;
      if (next.done === true) {
        this.#body = undefined;
        if (isLast) this.#channel.endWriting();
        return;
      }
      this.#idleTimer.refresh();
      if (!(await this.#channel.write(next.value))) break;
      this.#options.meter?.sent(next.value.length);
    }
    this.#releaseBody();
  }

  /** The body is let go without waiting: it may itself be waiting for another remote. */
  #releaseBody(): void {
    const body = this.#body;
    this.#body = undefined;
    body?.return?.().then(undefined, () => undefined);
  }

  async #close(): Promise<void> {
    clearTimeout(this.#idleTimer);
    // A body that has not gone out whole must not be followed by a clean end.
    if (this.#pendingWrites > 0) this.#channel.abandon();
    this.#releaseBody();
    try {
      await this.#channel.finish();
    } catch {
      // Closing never throws; what went wrong before has been reported to the reader.
    } finally {
      for (const unlink of this.#unlink) unlink();
    }
  }

  #failOn(signal: AbortSignal | undefined): void {
    if (signal === undefined || this.#closing !== undefined) return;
    const onAbort = () => {
      this.fail(signal.reason);
    };
    if (signal.aborted) {
      onAbort();
      return;
    }
    signal.addEventListener('abort', onAbort, { once: true });
    this.#unlink.push(() => {
      signal.removeEventListener('abort', onAbort);
    });
  }

  #onIdle(idleTimeoutMs: number): void {
    // Silence of this side, or of whoever feeds it, is not the remote's.
    if (!this.#isReading || this.#waitsForBody) {
      this.#idleTimer.refresh();
      return;
    }
    const seconds = Math.round(idleTimeoutMs / 1000);
    this.fail(
      new GitMirrorError('GM_TIMEOUT', `${this.displayUrl} has been silent for ${seconds} s: try again later`, {
        details: { url: this.displayUrl, idleTimeoutMs },
      }),
    );
  }

  #throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure.reason;
  }
}

/**
 * A stateful {@link ServiceConnection} over `channel`, which it owns from here on. `ahead` holds bytes that were read
 * from the channel but belong to the conversation.
 *
 * Resolves when the remote has begun to answer. Throws what it said instead: `GM_AUTH`, `GM_FORBIDDEN`, `GM_NOT_FOUND`,
 * `GM_NETWORK`, `GM_REMOTE`, `GM_PROTOCOL` for an answer that is not Git's, `GM_TIMEOUT`, or the reason of the signal.
 * Nothing is left running then.
 */
export async function openConversation(
  channel: ByteChannel,
  displayUrl: string,
  options: ConnectOptions,
  ahead?: Uint8Array,
): Promise<ServiceConnection> {
  const conversation = new Conversation(channel, displayUrl, options, ahead);
  options.meter?.request();
  try {
    await conversation.greet();
    return conversation;
  } catch (error) {
    conversation.fail(error);
    await conversation.close();
    throw error;
  }
}
