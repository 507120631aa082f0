import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { GitMirrorError } from '../../core/error.ts';
import { limits } from '../../core/limits.ts';
import type { ConnectOptions } from '../connect-options.ts';
import { presentRemoteText } from '../remote-text.ts';
import type { RequestBody, ServiceConnection, ServiceRequestOptions } from '../service-connection.ts';
import { mediaType } from './answer-text.ts';
import { discoverService, gitProtocolHeader } from './discover-service.ts';
import { describeSubject, subjectDetails } from './exchange-subject.ts';
import { HttpSession } from './http-session.ts';
import type { HttpAnswer } from './http-exchange.ts';
import type { HttpTarget } from './http-target.ts';
import { holdBody } from './replayable-body.ts';
import { statusError } from './status-error.ts';

export type { HttpTarget } from './http-target.ts';

const gzipAsync = promisify(gzip);
/** Bodies up to this size are not worth compressing. */
const minGzipBytes = 1024;
const flushPacket = Uint8Array.from(Buffer.from('0000'));

/**
 * Connects to one service of a repository over smart HTTP (gitprotocol-http): asks for the advertisement and, with the
 * connection returned, posts requests. Connections are kept alive between them and closed by `close()`.
 *
 * Credentials are tried in this order: `options.auth`, the userinfo of the URL, none, and after a 401
 * `options.credentials`. They never follow a redirect to another origin.
 *
 * Throws, and so do requests: `GM_AUTH`, `GM_FORBIDDEN`, `GM_NOT_FOUND`, `GM_TOO_LARGE`, `GM_BUSY`, `GM_TIMEOUT`,
 * `GM_REMOTE` by status (`details.status`, `details.retryAfterMs`), `GM_NETWORK`, `GM_TLS`, `GM_PROTOCOL`, `GM_USAGE`
 * for unusable settings; from here only `GM_DUMB_HTTP` when the server has no Git service, see `openDumbHttp`.
 */
export async function connectHttp(target: HttpTarget, options: ConnectOptions): Promise<ServiceConnection> {
  options.signal?.throwIfAborted();
  const session = new HttpSession(target, options);
  try {
    return new HttpServiceConnection(session, options, await discoverService(session, options));
  } catch (error) {
    await session.close();
    throw error;
  }
}

class HttpServiceConnection implements ServiceConnection {
  readonly mode = 'stateless';
  readonly advertisement: AsyncIterableIterator<Uint8Array>;
  readonly #session: HttpSession;
  readonly #options: ConnectOptions;

  constructor(session: HttpSession, options: ConnectOptions, advertisement: HttpAnswer) {
    this.#session = session;
    this.#options = options;
    this.advertisement = advertisement.body;
  }

  get displayUrl(): string {
    return this.#session.repository.shown;
  }

  async request(
    body: RequestBody,
    { signal, compress = false }: ServiceRequestOptions = {},
  ): Promise<AsyncIterableIterator<Uint8Array>> {
    signal?.throwIfAborted();
    const ready = body instanceof Uint8Array ? body : await this.#readyStream(body, signal);
    const isZipped = compress && ready instanceof Uint8Array && ready.length > minGzipBytes;
    const sent = isZipped ? await gzipAsync(ready) : ready;
    const answer = await this.#post(sent, isZipped ? { 'content-encoding': 'gzip' } : {}, signal);
    return answer.body;
  }

  async close(): Promise<void> {
    await this.#session.close();
  }

  /**
   * A stream can be sent only once. When the server may still ask for credentials, and someone could be asked for them,
   * a short one is held in memory, and in front of a long one goes an empty request that brings the question forward,
   * as Git does it (`http.postBuffer`).
   */
  async #readyStream(body: Exclude<RequestBody, Uint8Array>, signal: AbortSignal | undefined): Promise<RequestBody> {
    if (!this.#session.auth.mayBeAsked(this.#session.repository.base)) return body;
    const held = await holdBody(body, limits.maxReplayBytes);
    if (held instanceof Uint8Array) return held;
    try {
      const answer = await this.#post(flushPacket, {}, signal);
      await answer.body.return();
    } catch (error) {
      await held[Symbol.asyncIterator]().return?.();
      throw error;
    }
    return held;
  }

  async #post(
    body: RequestBody,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal | undefined,
  ): Promise<HttpAnswer> {
    const { service } = this.#options;
    const answer = await this.#session.send(
      {
        method: 'POST',
        url: this.#session.repository.service(service),
        headers: {
          'content-type': `application/x-${service}-request`,
          accept: `application/x-${service}-result`,
          ...gitProtocolHeader(this.#options),
          ...headers,
        },
        body,
      },
      signal,
    );
    const { subject } = this.#session;
    if (answer.status >= 300 && answer.status < 400) {
      throw await statusError(
        answer,
        subject,
        'it redirects a request that carries data, which is refused; use the final URL',
      );
    }
    if (answer.status !== 200) throw await statusError(answer, subject);
    const type = mediaType(answer);
    if (type === `application/x-${service}-result`) return answer;
    await answer.body.return();
    throw new GitMirrorError(
      'GM_PROTOCOL',
      `${describeSubject(subject)}: the answer is of type ${type === '' ? '(none)' : presentRemoteText(type)} instead of application/x-${service}-result; something between here and the Git server answered`,
      { details: { ...subjectDetails(subject), contentType: presentRemoteText(type) } },
    );
  }
}
