import { concatBytes } from '../core/bytes.ts';
import { GitMirrorError } from '../core/error.ts';
import { settlesWithin } from './byte-channel.ts';
import type { ConnectOptions } from './connect-options.ts';
import { PacketBoundaryScanner, type PacketBoundary } from './packet-boundary.ts';
import { refusalOf } from './refusal.ts';
import type { RequestBody, ServiceConnection, ServiceRequestOptions } from './service-connection.ts';

/** How long a helper that answered nothing is given to end and say why. */
const lastWordsMs = 1000;

/** What a stateless conversation is built from. */
export interface StatelessConversationParts {
  /** The bytes beneath, both ways. */
  readonly conversation: ServiceConnection;
  readonly meter: ConnectOptions['meter'];
  /** Name of the helper, for messages. */
  readonly name: string;
  /** What the helper wrote to standard error, fit to be shown. */
  readonly said: () => string;
}

/**
 * The `stateless-connect` of remote helpers (gitremote-helpers, "stateless-connect"): requests and answers of protocol
 * version 2 follow each other on one pair of pipes, and a response-end packet, which is not given out, ends each
 * answer. An answer that the caller left early is read to its end before the next request.
 */
export class StatelessConversation implements ServiceConnection {
  readonly mode = 'stateless';
  readonly displayUrl: string;
  readonly advertisement: AsyncIterableIterator<Uint8Array>;
  readonly #parts: StatelessConversationParts;
  #ahead: Uint8Array = new Uint8Array();
  /** The message being read, until its end has been seen. */
  #current: MessageReader | undefined;

  constructor(parts: StatelessConversationParts) {
    this.#parts = parts;
    this.displayUrl = parts.conversation.displayUrl;
    this.advertisement = this.#message('flush');
  }

  async request(body: RequestBody, options?: ServiceRequestOptions): Promise<AsyncIterableIterator<Uint8Array>> {
    while (this.#current !== undefined && (await this.#current.read()) !== undefined);
    this.#parts.meter?.request();
    await this.#parts.conversation.request(body, options);
    return this.#message('response-end');
  }

  close(): Promise<void> {
    return this.#parts.conversation.close();
  }

  #message(endMarker: 'flush' | 'response-end'): AsyncIterableIterator<Uint8Array> {
    const message = new MessageReader(
      endMarker,
      () => this.#pull(),
      (rest) => {
        this.#ahead = rest;
        this.#current = undefined;
      },
    );
    this.#current = message;
    let isLeft = false;
    return {
      next: async () => {
        const chunk = isLeft ? undefined : await message.read();
        if (chunk !== undefined) return { done: false, value: chunk };
        if (message.isEmpty && !isLeft) throw await this.#silence();
        return { done: true, value: undefined };
      },
      return: () => {
        isLeft = true;
        return Promise.resolve({ done: true, value: undefined });
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  async #pull(): Promise<Uint8Array | undefined> {
    if (this.#ahead.length > 0) {
      const ahead = this.#ahead;
      this.#ahead = new Uint8Array();
      return ahead;
    }
    const next = await this.#parts.conversation.advertisement.next();
    return next.done === true ? undefined : next.value;
  }

  /** git-remote-http ends an answer that failed like any other, and then itself, with status 0. */
  async #silence(): Promise<GitMirrorError> {
    await settlesWithin(this.#parts.conversation.advertisement.next(), lastWordsMs);
    return refusalOf({
      url: this.displayUrl,
      speaker: this.#parts.name,
      text: this.#parts.said(),
      otherwise: 'GM_REMOTE',
      happened: 'the answer is empty',
    });
  }
}

/** Reads one message out of a longer run of bytes. */
class MessageReader {
  readonly #endMarker: 'flush' | 'response-end';
  readonly #pull: () => Promise<Uint8Array | undefined>;
  readonly #onEnd: (rest: Uint8Array) => void;
  readonly #scanner = new PacketBoundaryScanner();
  #held: Uint8Array = new Uint8Array();
  #ended = false;
  isEmpty = true;

  constructor(
    endMarker: 'flush' | 'response-end',
    pull: () => Promise<Uint8Array | undefined>,
    onEnd: (rest: Uint8Array) => void,
  ) {
    this.#endMarker = endMarker;
    this.#pull = pull;
    this.#onEnd = onEnd;
  }

  /** The next bytes of the message; undefined at its end, or at the end of everything. */
  async read(): Promise<Uint8Array | undefined> {
    while (!this.#ended) {
      const chunk = await this.#pull();
      if (chunk === undefined) {
        this.#end(new Uint8Array());
        // A length that was cut off is given out, so that the reader sees that the message is not whole.
        return this.#held.length > 0 ? this.#give(this.#held) : undefined;
      }
      const bytes = concatBytes(this.#held.length > 0 ? [this.#held, chunk] : [chunk]);
      this.#held = new Uint8Array();
      const given = this.#give(this.#settled(bytes));
      if (given !== undefined) return given;
    }
    return undefined;
  }

  /** The part of `bytes` that belongs to this message for certain. */
  #settled(bytes: Uint8Array): Uint8Array {
    let offset = 0;
    for (;;) {
      const found: PacketBoundary = this.#scanner.scan(bytes.subarray(offset));
      offset += found.end;
      if (found.marker === undefined) {
        this.#held = bytes.slice(offset);
        return bytes.subarray(0, offset);
      }
      if (found.marker !== this.#endMarker) {
        if (found.marker === 'flush') continue;
        throw new GitMirrorError('GM_PROTOCOL', 'A remote helper ended an answer before it had begun');
      }
      this.#end(bytes.subarray(offset));
      return bytes.subarray(0, found.marker === 'flush' ? offset : offset - 4);
    }
  }

  #give(bytes: Uint8Array): Uint8Array | undefined {
    if (bytes.length === 0) return undefined;
    this.isEmpty = false;
    return bytes;
  }

  #end(rest: Uint8Array): void {
    this.#ended = true;
    this.#onEnd(rest);
  }
}
