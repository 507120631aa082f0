import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { performance } from 'node:perf_hooks';
import { GitMirrorError } from '../core/error.ts';
import type { GitResponse } from './git-backend.ts';
import type { HandlerLimits } from './handler-limits.ts';
import { noCacheHeaders, type HeaderList } from './http-headers.ts';
import { plainGitProtocol } from './git-protocol.ts';
import { RequestReport } from './request-observer.ts';
import type { RequestRecord } from './request-record.ts';
import { writeBorrowed } from './write-borrowed.ts';

/** A client that is still sending gets this long to read an answer that came early. */
const lingerMs = 2000;
const clientGoneStatus = 499;

/** One request and its answer: the adapter between `node:http` and the universal types. */
export class HttpExchange {
  readonly request: IncomingMessage;
  readonly report = new RequestReport();
  readonly #response: ServerResponse;
  readonly #abort = new AbortController();
  readonly #idleTimer: NodeJS.Timeout;
  readonly #totalTimer: NodeJS.Timeout;
  readonly #startedAt = performance.now();
  #about: { readonly repository: string; readonly path: string; readonly service: string | undefined } | undefined;
  #requestBytes = 0;
  #responseBytes = 0;
  #error: string | undefined;
  #isAbandoned = false;

  constructor(request: IncomingMessage, response: ServerResponse, limits: HandlerLimits) {
    this.request = request;
    this.#response = response;
    const timeUp = (ms: number) => () => {
      const seconds = String(Math.ceil(ms / 1000));
      this.#abort.abort(new GitMirrorError('GM_TIMEOUT', `The request was given up after ${seconds} seconds.`));
    };
    this.#idleTimer = setTimeout(timeUp(limits.requestTimeMs), limits.requestTimeMs);
    this.#totalTimer = setTimeout(timeUp(limits.totalTimeMs), limits.totalTimeMs);
    response.once('close', () => {
      if (response.writableFinished) return;
      this.#isAbandoned = !this.#abort.signal.aborted;
      this.#abort.abort(new GitMirrorError('GM_NETWORK', 'The client went away'));
    });
    // Errors of the two streams are seen where they are read and written.
    request.on('error', () => undefined);
    response.on('error', () => undefined);
  }

  get method(): string {
    return this.request.method ?? '';
  }

  /** Value of the `Git-Protocol` header; empty without one, or when it is none. */
  get gitProtocol(): string {
    const value = this.request.headers['git-protocol'];
    return plainGitProtocol(Array.isArray(value) ? value.join(':') : value);
  }

  /** Aborted when the client is gone, time is up, or the exchange is over. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Whether a status can still be sent. */
  get canAnswer(): boolean {
    return !this.#response.headersSent && !this.#response.destroyed;
  }

  /** `http://host/` as the client sees this server; the address it reached when its `Host` header is no host. */
  get baseUrl(): string {
    const { host } = this.request.headers;
    const { localAddress = 'localhost', localPort = 80 } = this.request.socket;
    const scheme = 'encrypted' in this.request.socket ? 'https' : 'http';
    if (host !== undefined && /^(?:[\w.-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i.test(host)) return `${scheme}://${host}/`;
    return `${scheme}://${localAddress.includes(':') ? `[${localAddress}]` : localAddress}:${localPort}/`;
  }

  /** Says what the request is about, for the record. */
  describe(repository: string, path: string, service?: string): void {
    this.#about = { repository, path, service };
  }

  /** Bytes of the request body have been read. */
  tookBytes(count: number): void {
    this.#requestBytes += count;
    this.#idleTimer.refresh();
  }

  failedWith(error: string): void {
    this.#error = error;
  }

  /** Sends `answer` as fast as the client takes it. Throws the reason of {@link signal} when that is aborted. */
  async send(answer: GitResponse): Promise<void> {
    const response = this.#response;
    this.signal.throwIfAborted();
    response.writeHead(answer.status, answer.headers.flat());
    this.#idleTimer.refresh();
    if (this.method !== 'HEAD') {
      for await (const chunk of answer.body) {
        this.#responseBytes += chunk.length;
        await writeBorrowed(response, chunk, this.signal);
        this.#idleTimer.refresh();
      }
    }
    await this.#end();
  }

  /** Sends one line of plain text, never cached. */
  sendText(status: number, line: string, headers: HeaderList = []): Promise<void> {
    const type = [['Content-Type', 'text/plain; charset=utf-8']] as const;
    return this.#sendWhole(status, `${line}\n`, [...headers, ...noCacheHeaders, ...type]);
  }

  /** Sends JSON, never cached. */
  sendJson(status: number, json: string): Promise<void> {
    return this.#sendWhole(status, json, [...noCacheHeaders, ['Content-Type', 'application/json']]);
  }

  /** Sends an HTML page. It may hold nothing but text and its own styles. */
  sendPage(html: string): Promise<void> {
    return this.#sendWhole(200, html, [
      ...noCacheHeaders,
      ['Content-Type', 'text/html; charset=utf-8'],
      ['Content-Security-Policy', "default-src 'none'; style-src 'unsafe-inline'"],
    ]);
  }

  /** Breaks the connection off, so that the client cannot take what it got for the whole. */
  cut(): void {
    this.#response.destroy();
  }

  /** Ends everything behind the exchange and says what became of it. */
  finish(): RequestRecord {
    clearTimeout(this.#idleTimer);
    clearTimeout(this.#totalTimer);
    this.#abort.abort(new GitMirrorError('GM_NETWORK', 'The exchange is over'));
    const { backend, allFacts, phases } = this.report;
    return {
      method: this.method,
      repository: this.#about?.repository,
      path: this.#about?.path,
      service: this.#about?.service,
      status: this.#response.headersSent ? this.#response.statusCode : clientGoneStatus,
      requestBytes: this.#requestBytes,
      responseBytes: this.#responseBytes,
      startMs: performance.timeOrigin + this.#startedAt,
      durationMs: performance.now() - this.#startedAt,
      isAbandoned: this.#isAbandoned,
      backend,
      gitProtocol: this.gitProtocol,
      facts: allFacts,
      phases,
      ...(this.#error === undefined ? {} : { error: this.#error }),
    };
  }

  async #sendWhole(status: number, text: string, headers: HeaderList): Promise<void> {
    const response = this.#response;
    if (response.destroyed) return;
    const body = Buffer.from(text);
    const isEarly = !this.request.complete;
    const all: HeaderList = [
      ...headers,
      ['Content-Length', String(body.length)],
      ['X-Content-Type-Options', 'nosniff'],
      ...(isEarly ? ([['Connection', 'close']] as const) : []),
    ];
    response.writeHead(status, all.flat());
    if (this.method !== 'HEAD') {
      this.#responseBytes += body.length;
      response.write(body);
    }
    // Closing at once would reset the connection, and a client that is still sending would never see the answer.
    if (isEarly) await this.#linger();
    await this.#end();
  }

  async #linger(): Promise<void> {
    const { request } = this;
    request.resume();
    const over = AbortSignal.timeout(lingerMs);
    await Promise.race([once(request, 'end', { signal: over }), once(request, 'close', { signal: over })]).catch(
      () => undefined,
    );
  }

  async #end(): Promise<void> {
    if (this.#response.destroyed) return;
    await new Promise<void>((resolve) => {
      this.#response.once('close', resolve);
      this.#response.end(resolve);
    });
  }
}
