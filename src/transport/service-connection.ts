import type { ByteStream } from '../core/byte-stream.ts';

/** The two Git services a remote offers (gitprotocol-http, "Smart Clients"). */
export type GitService = 'git-upload-pack' | 'git-receive-pack';

/** A request body: bytes of known length, or a stream sent as it comes (chunked over HTTP). */
export type RequestBody = Uint8Array | ByteStream;

/** Options of one request. */
export interface ServiceRequestOptions {
  readonly signal?: AbortSignal;
  /** Compress a body of known length when the transport can (HTTP `Content-Encoding: gzip`). Default false. */
  readonly compress?: boolean;
  /**
   * No request follows this one: behind the body a stateful connection shows the remote the end of its input, so that it
   * does not wait for the rest of a body that is shorter than it says. Default false.
   */
  readonly isLast?: boolean;
}

/**
 * One service of one remote, connected. It moves bytes and knows nothing of what they mean.
 *
 * `stateless`: each request carries all its state and is answered by a stream of its own that ends (HTTP, and
 * `stateless-connect` of remote helpers). `stateful`: one conversation (ssh, git://, local programs, `connect` of
 * remote helpers): `advertisement` and every `request` return the *same* iterator, positioned after whatever was read
 * before; the caller reads exactly to the end of each message.
 */
export interface ServiceConnection {
  readonly mode: 'stateless' | 'stateful';
  /** The URL as asked for, after redirects, credentials removed: for messages and results. */
  readonly displayUrl: string;
  /**
   * The advertisement as the server sent it. Over HTTP it may begin with the `# service=…` section. Read it once.
   * Errors of connecting (`GM_AUTH`, `GM_NOT_FOUND`, `GM_TLS`, `GM_NETWORK`, …) have been thrown before by `connect`.
   */
  readonly advertisement: AsyncIterableIterator<Uint8Array>;
  /**
   * Sends `body` and returns the answer. A stateless connection resolves when the answer's headers are there, which may
   * be before the body has been sent to its end; a stateful one resolves at once and writes while the caller reads.
   * If `body` throws, the exchange is torn down without being completed, so that the remote never takes a truncated
   * body as whole, and the error of `body` itself reaches the caller from here or from reading the answer.
   */
  request(body: RequestBody, options?: ServiceRequestOptions): Promise<AsyncIterableIterator<Uint8Array>>;
  /**
   * Ends the connection. A stateful one closes its writing side, waits a bounded time for the remote program and then
   * ends it. Safe to call twice; never throws.
   */
  close(): Promise<void>;
}
