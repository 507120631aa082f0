import { setTimeout as delay } from 'node:timers/promises';
import { GitMirrorError } from '../../core/error.ts';
import { limits } from '../../core/limits.ts';
import type { ConnectOptions } from '../connect-options.ts';
import { displayUrl } from '../display-url.ts';
import { describeSubject, subjectDetails, type ExchangeSubject } from './exchange-subject.ts';
import { HttpAgent } from './http-agent.ts';
import { HttpAuth } from './http-auth.ts';
import { startExchange, type HttpAnswer, type HttpRequest } from './http-exchange.ts';
import type { HttpTarget } from './http-target.ts';
import { RepositoryUrl, redirectLocation } from './repository-url.ts';
import { decodeRetryAfter } from './retry-after.ts';
import { statusError } from './status-error.ts';

/** Longest silence of the remote when the caller sets none, in milliseconds. */
const defaultIdleTimeoutMs = 600_000;
/** How often a busy server is asked again. */
const maxBusyRetries = 2;
const redirectStatuses = new Set([301, 302, 303, 307, 308]);

/** Requests to one repository that share connections, credentials and the place a redirect has led to. */
export class HttpSession {
  readonly auth: HttpAuth;
  /** Where the repository is; a redirect may move it. */
  repository: RepositoryUrl;
  readonly #options: ConnectOptions;
  readonly #agent: HttpAgent;
  readonly #closed = new AbortController();

  /** Throws `GM_USAGE` for credentials that cannot be sent. */
  constructor(target: HttpTarget, options: ConnectOptions) {
    this.auth = new HttpAuth(target, options);
    this.repository = new RepositoryUrl(target.url);
    this.#options = options;
    this.#agent = new HttpAgent(options);
  }

  /** What messages call this repository. */
  get subject(): ExchangeSubject {
    const { service, role } = this.#options;
    const proxy = this.#agent.proxyFor(new URL(this.repository.base));
    return { url: this.repository.shown, service, role, proxy };
  }

  /**
   * Sends one request with the credentials there are. A 401 is answered once with what the credential source knows, if
   * the body can be sent again; otherwise it throws `GM_AUTH`. Any other status is the caller's to judge.
   */
  async send(request: HttpRequest, signal?: AbortSignal): Promise<HttpAnswer> {
    for (;;) {
      const answer = await this.#exchange(request, signal);
      if (answer.status !== 401) {
        if (answer.status < 300) await this.auth.accepted(request.url);
        return answer;
      }
      const asked = this.repository.movedTo(request.url, this.#options.service) ?? this.repository;
      const path = new URL(asked.base).pathname.slice(1);
      const refusal = await this.auth.challenged(request.url, answer.headers('www-authenticate'), path, signal);
      const isReplayable = request.body === undefined || request.body instanceof Uint8Array;
      if (refusal !== undefined || !isReplayable) {
        throw await statusError(answer, this.subject, refusal ?? 'it asks for credentials in the middle; try again');
      }
      await answer.body.return();
    }
  }

  /**
   * Gets `url`, following redirects and waiting for a server that is busy for a short, named time. The answer's `url`
   * is where the redirects ended. Throws `GM_PROTOCOL` for redirects that loop, are too many or are refused.
   */
  async get(url: string, headers: Readonly<Record<string, string>>, signal?: AbortSignal): Promise<HttpAnswer> {
    const seen = new Set<string>();
    for (let current = url; ;) {
      seen.add(current);
      const answer = await this.#getPatiently(current, headers, signal);
      if (!redirectStatuses.has(answer.status)) return answer;
      await answer.body.return();
      const next = redirectLocation(current, answer.header('location'));
      if (this.#options.followInfoRefsRedirect === false) {
        throw this.#refuse(
          `the server redirects to ${displayUrl(next)}, and following redirects is turned off; use that URL`,
        );
      }
      if (seen.has(next)) throw this.#refuse(`the server redirects in a loop (${displayUrl(next)})`);
      if (seen.size > limits.maxRedirects) throw this.#refuse(`more than ${limits.maxRedirects} redirects`);
      current = next;
    }
  }

  /** Ends everything that is under way and closes the connections that are not the caller's. Never throws. */
  async close(): Promise<void> {
    this.#closed.abort(
      new GitMirrorError('GM_NETWORK', `${describeSubject(this.subject)}: the connection was closed on this side`, {
        details: subjectDetails(this.subject),
      }),
    );
    await this.#agent.close();
  }

  async #exchange(request: HttpRequest, signal: AbortSignal | undefined): Promise<HttpAnswer> {
    const authorization = this.auth.headerFor(request.url);
    const { userAgent, meter, idleTimeoutMs } = this.#options;
    return startExchange(
      {
        ...request,
        headers: {
          'user-agent': userAgent,
          ...request.headers,
          'accept-encoding': 'gzip',
          pragma: 'no-cache',
          ...(authorization === undefined ? {} : { authorization }),
        },
      },
      {
        agent: this.#agent,
        subject: this.subject,
        meter,
        idleTimeoutMs: idleTimeoutMs ?? (this.#agent.isInjected ? 0 : defaultIdleTimeoutMs),
        signals: [this.#options.signal, signal, this.#closed.signal].filter((each) => each !== undefined),
      },
    );
  }

  async #getPatiently(
    url: string,
    headers: Readonly<Record<string, string>>,
    signal?: AbortSignal,
  ): Promise<HttpAnswer> {
    for (let retries = 0; ; retries += 1) {
      const answer = await this.send({ method: 'GET', url, headers }, signal);
      if ((answer.status !== 429 && answer.status !== 503) || retries === maxBusyRetries) return answer;
      const waitMs = decodeRetryAfter(answer.header('retry-after'), Date.now());
      if (waitMs === undefined || waitMs > limits.maxRetryAfterMs) return answer;
      await answer.body.return();
      await this.#pause(waitMs, signal);
    }
  }

  async #pause(waitMs: number, signal: AbortSignal | undefined): Promise<void> {
    const signals = [this.#options.signal, signal, this.#closed.signal].filter((each) => each !== undefined);
    const any = AbortSignal.any(signals);
    try {
      await delay(waitMs, undefined, { signal: any });
    } catch (error) {
      throw any.aborted ? any.reason : error;
    }
  }

  #refuse(what: string): GitMirrorError {
    return new GitMirrorError('GM_PROTOCOL', `${describeSubject(this.subject)}: ${what}`, {
      details: subjectDetails(this.subject),
    });
  }
}
