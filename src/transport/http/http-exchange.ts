import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { Dispatcher } from 'undici';
import { GitMirrorError } from '../../core/error.ts';
import type { RequestBody } from '../service-connection.ts';
import type { TrafficMeter } from '../traffic-meter.ts';
import { ActivityWatch } from './activity-watch.ts';
import { AnswerStream } from './answer-stream.ts';
import { describeSubject, subjectDetails, type ExchangeSubject } from './exchange-subject.ts';
import type { HttpAgent } from './http-agent.ts';
import { networkError } from './network-error.ts';
import { RequestSource } from './request-source.ts';

/** One HTTP request. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: RequestBody | undefined;
}

/** What an exchange needs besides its request. */
export interface ExchangeContext {
  readonly agent: HttpAgent;
  readonly subject: ExchangeSubject;
  readonly meter: TrafficMeter | undefined;
  /** Longest time in which the remote neither takes nor sends a byte; 0 for no limit. */
  readonly idleTimeoutMs: number;
  /** Each of them ends the exchange; its reason is what the caller gets. */
  readonly signals: readonly AbortSignal[];
}

/** Status and headers of an answer, its body still to be read. */
export interface HttpAnswer {
  readonly url: string;
  readonly status: number;
  /** First value of a header, by its lower-case name. */
  header(name: string): string | undefined;
  /** All values of a header, by its lower-case name. */
  headers(name: string): readonly string[];
  /** The body, content encoding undone. It must be read to its end or released with `return()`. */
  readonly body: AnswerStream;
}

const noop = (): void => undefined;

/**
 * Sends `request`; resolves when the answer's headers are there, which may be before the body has been sent.
 *
 * What ends an exchange early comes out as it is: the reason of a signal, or the error of the request's body, whose
 * connection is cut so that the remote never takes a part of it for the whole. Everything else becomes a
 * {@link GitMirrorError}: `GM_NETWORK`, `GM_TIMEOUT`, `GM_TLS`, `GM_PROTOCOL`.
 */
export async function startExchange(request: HttpRequest, context: ExchangeContext): Promise<HttpAnswer> {
  const exchange = new HttpExchange(context);
  try {
    return await exchange.run(request);
  } catch (error) {
    exchange.end();
    throw exchange.explain(error);
  }
}

class HttpExchange {
  readonly #context: ExchangeContext;
  readonly #abort = new AbortController();
  readonly #watch: ActivityWatch;
  readonly #unlink: (() => void)[] = [];
  #source: RequestSource | undefined;
  #failure: { readonly error: unknown } | undefined;
  #isOver = false;

  constructor(context: ExchangeContext) {
    this.#context = context;
    this.#watch = new ActivityWatch(context.idleTimeoutMs, () => {
      this.#fail(this.#timeout());
    });
    for (const signal of context.signals) this.#link(signal);
  }

  async run(request: HttpRequest): Promise<HttpAnswer> {
    this.#abort.signal.throwIfAborted();
    const url = new URL(request.url);
    const dispatcher = this.#context.agent.dispatcherFor(url);
    const body = await this.#prepare(request.body);
    this.#context.meter?.request();
    const response = await this.#unlessAborted(
      dispatcher.request({
        origin: url.origin,
        path: `${url.pathname}${url.search}`,
        method: request.method,
        headers: { ...request.headers },
        // The type forgets that iterables are bodies too.
        body: body as Uint8Array | null,
        signal: this.#abort.signal,
        ...(this.#context.agent.isInjected ? {} : { headersTimeout: 0, bodyTimeout: 0 }),
      }),
    );
    this.#watch.headersArrived();
    return this.#answer(request.url, response);
  }

  /** Releases everything; the connection stays open only if the exchange was complete. Safe to call twice. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#watch.stop();
    for (const unlink of this.#unlink) unlink();
    this.#source?.close();
    this.#abort.abort(new Error('the exchange was ended'));
  }

  /** The error to show for one that came out of the dispatcher: what ended the exchange first, if that is known. */
  explain(error: unknown): unknown {
    return this.#failure === undefined ? networkError(error, this.#context.subject) : this.#failure.error;
  }

  async #prepare(body: RequestBody | undefined): Promise<Uint8Array | RequestSource | null> {
    if (body === undefined) return null;
    if (body instanceof Uint8Array) {
      this.#context.meter?.sent(body.length);
      return body;
    }
    const source = new RequestSource(body, {
      watch: this.#watch,
      meter: this.#context.meter,
      failed: (error) => {
        this.#fail(error);
      },
    });
    this.#source = source;
    await this.#unlessAborted(source.begin().then(() => undefined));
    return source;
  }

  #answer(url: string, response: Dispatcher.ResponseData): HttpAnswer {
    const { headers } = response;
    const all = (name: string): readonly string[] => {
      const value = headers[name];
      return value === undefined ? [] : typeof value === 'string' ? [value] : value;
    };
    const body = new AnswerStream(this.#decoded(response.body, all('content-encoding').join(',')), {
      watch: this.#watch,
      meter: this.#context.meter,
      isSending: () => this.#source !== undefined && !this.#source.isDone,
      explain: (error) => this.explain(error),
      end: () => {
        this.end();
      },
    });
    return { url, status: response.statusCode, header: (name) => all(name)[0], headers: all, body };
  }

  #decoded(raw: Readable, encoding: string): Readable {
    raw.on('error', noop);
    switch (encoding.trim().toLowerCase()) {
      case '':
      case 'identity':
        return raw;
      case 'gzip':
      case 'x-gzip':
        return pipeline(raw, createGunzip(), noop);
      default:
        raw.destroy();
        throw new GitMirrorError(
          'GM_PROTOCOL',
          `${describeSubject(this.#context.subject)}: the answer is compressed in a way that was not asked for`,
          { details: subjectDetails(this.#context.subject) },
        );
    }
  }

  /**
   * `work`, unless the exchange is aborted first. The dispatcher itself notices an abort only once it is connected, and
   * a body's source perhaps never.
   */
  async #unlessAborted<T extends Dispatcher.ResponseData | undefined>(work: Promise<T>): Promise<T> {
    const { signal } = this.#abort;
    work.then((late) => {
      if (this.#isOver) late?.body.on('error', noop).destroy();
    }, noop);
    let onAbort = noop;
    const aborted = new Promise<never>((_resolve, reject) => {
      onAbort = () => {
        reject(signal.reason as Error);
      };
      signal.addEventListener('abort', onAbort);
    });
    try {
      return await Promise.race([work, aborted]);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  #link(signal: AbortSignal): void {
    const onAbort = (): void => {
      this.#fail(signal.reason);
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

  #fail(error: unknown): void {
    if (this.#isOver) return;
    this.#failure ??= { error };
    this.#abort.abort(error);
  }

  #timeout(): GitMirrorError {
    const { subject, idleTimeoutMs } = this.#context;
    return new GitMirrorError(
      'GM_TIMEOUT',
      `${describeSubject(subject)}: the server has neither sent nor taken a byte for ${idleTimeoutMs / 1000} seconds; try again later`,
      { details: { ...subjectDetails(subject), idleTimeoutMs } },
    );
  }
}
