import type { IncomingMessage, ServerResponse } from 'node:http';
import { TLSSocket } from 'node:tls';
import { errorMeanings, isGitMirrorError, messageOf, type ErrorCode } from '../core/error.ts';
import { answerKnownMirrors, answerMirrors, callerOf } from './answer-mirrors.ts';
import { findAsked } from './find-asked.ts';
import type { GitBackend, GitResponse } from './git-backend.ts';
import { defaultHandlerLimits, type HandlerLimits } from './handler-limits.ts';
import { HttpExchange } from './http-exchange.ts';
import type { HeaderList } from './http-headers.ts';
import { renderIndexPage } from './index-page.ts';
import type { AskedRepository, MirrorService } from './mirrors/mirror-service.ts';
import type { RepositoryLookup } from './repository-lookup.ts';
import { assertDeclaredLength, readRequestBody } from './request-body.ts';
import { RequestGate } from './request-gate.ts';
import type { RequestRecord, RequestWatcher } from './request-record.ts';
import { RequestRefusedError } from './request-refused-error.ts';
import { parseRoute, type Route } from './route.ts';

/** Options of {@link createGitHandler}. */
export interface GitHandlerOptions {
  readonly repositories: RepositoryLookup;
  readonly backend: GitBackend;
  /** Answers pushes. Without it they are refused with 403. */
  readonly pushBackend?: GitBackend | undefined;
  readonly limits?: Partial<HandlerLimits> | undefined;
  /** Base of the clone URLs on the index page, with a slash at the end. Default: the `Host` header. */
  readonly baseUrl?: string | undefined;
  /** Told of each request when it is over. */
  readonly onRequest?: ((record: RequestRecord) => void) | undefined;
  readonly watchers?: readonly RequestWatcher[] | undefined;
  /** Says which mirrors there are, and finds repositories by other URLs. Without it nothing is said of mirrors. */
  readonly mirrors?: MirrorService | undefined;
  /** Lets requests in; share it with a git daemon. Default: one made from the limits. */
  readonly gate?: RequestGate | undefined;
}

/** Takes one request of `node:http`; never throws, and always ends the response. */
export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => void;

/** What the steps of one handler share. */
interface HandlerState extends GitHandlerOptions {
  readonly limits: HandlerLimits;
  readonly gate: RequestGate;
}

type GitRoute = Extract<Route, { kind: 'git' | 'push' }>;

/** Shown by git to those that follow no redirects. */
const steeredText =
  'A mirror has the same. For the answer of this server: git -c "http.extraHeader=Git-Mirror: direct" ...';

/** Seconds after which a client that was turned away may come back. */
const retryAfterSeconds = 2;

/**
 * A handler for `node:http`, Express (`app.use`) and Fastify (`request.raw`, `reply.raw`) that serves the repositories
 * of a lookup over Smart HTTP (gitprotocol-http).
 */
export function createGitHandler(options: GitHandlerOptions): RequestHandler {
  const limits = { ...defaultHandlerLimits, ...options.limits };
  const gate = options.gate ?? new RequestGate(limits.maxConcurrentRequests, limits.maxRequestsPerClient);
  const state: HandlerState = { ...options, limits, gate };
  return (request, response) => {
    const exchange = new HttpExchange(request, response, limits);
    const ends = options.watchers?.map((watcher) => watcher.begin(request.headers)) ?? [];
    void answer(exchange, parseRoute(request.url ?? ''), state)
      .catch((error: unknown) => failed(exchange, error))
      .finally(() => {
        const record = exchange.finish();
        for (const end of ends) end(record);
        options.onRequest?.(record);
      });
  };
}

async function answer(exchange: HttpExchange, route: Route, state: HandlerState): Promise<void> {
  switch (route.kind) {
    case 'malformed':
      return exchange.sendText(400, `Bad request: ${route.reason}.`);
    case 'unknown':
      return exchange.sendText(404, 'Not found.');
    case 'unknown-service':
      return exchange.sendText(403, 'This server does not offer that service.');
    case 'health':
    case 'index': {
      if (!fits(exchange, 'GET')) return notAllowed(exchange, 'GET');
      if (route.kind === 'health') return exchange.sendText(200, 'ok');
      const repositories = await state.repositories.list();
      return exchange.sendPage(renderIndexPage(repositories, state.baseUrl ?? exchange.baseUrl));
    }
    case 'mirrors':
    case 'known-mirrors':
      return answerAboutMirrors(exchange, route, state);
    case 'push':
    case 'git':
      return answerGit(exchange, route, state);
  }
}

/** The checks come in the order in which git-http-backend(1) makes them. */
async function answerGit(exchange: HttpExchange, route: GitRoute, state: HandlerState): Promise<void> {
  const { limits, gate } = state;
  const { request } = exchange;
  if (!fits(exchange, route.method)) return notAllowed(exchange, route.method);
  const baseUrl = state.baseUrl ?? exchange.baseUrl;
  const found = await findAsked(state.repositories, route.kind === 'push' ? undefined : state.mirrors, {
    name: route.repository,
    gitProtocol: exchange.gitProtocol,
    url: baseUrl + route.repository,
  });
  if (found.kind === 'unknown') return exchange.sendText(404, notFoundText(found.valid));
  const service = route.query === '' ? undefined : route.query.replace('service=', '');
  exchange.describe(found.name, route.path, service);
  switch (found.kind) {
    case 'preparing':
      return comeBack(exchange, 503, `The first copy of ${found.name} is still being made. Try again in a moment.`);
    case 'not-exported':
      return exchange.sendText(403, 'This repository is not exported.');
    case 'unsafe':
      throw new RequestRefusedError(500, 'The server may not read this repository. Its log says why.', found.reason);
    case 'found':
  }
  const backend = route.kind === 'push' ? state.pushBackend : state.backend;
  if (backend === undefined) return exchange.sendText(403, 'Pushes are not taken here.');
  assertDeclaredLength(request, limits.maxRequestBytes);
  const entrance = gate.enter(request.socket.remoteAddress ?? '');
  if ('full' in entrance) return tooBusy(exchange, entrance.full);
  try {
    const asked = { directory: found.directory, name: found.name, url: baseUrl + found.name };
    const elsewhere = service === 'git-upload-pack' ? await mirrorFor(exchange, asked, state) : undefined;
    if (elsewhere !== undefined) {
      const location = `${elsewhere}/info/refs?service=git-upload-pack`;
      await exchange.sendText(302, steeredText, [['Location', location]]);
      return;
    }
    const response = await backend.handle({
      directory: found.directory,
      method: route.method,
      path: route.path,
      query: route.query,
      headers: headerMap(request),
      gitProtocol: exchange.gitProtocol,
      body: route.method === 'POST' ? bodyOf(exchange, limits.maxRequestBytes) : emptyBody(),
      maxBodyBytes: limits.maxRequestBytes,
      limits,
      observer: exchange.report,
      remoteAddress: request.socket.remoteAddress,
      mirrors: route.kind === 'push' ? undefined : state.mirrors?.directoryFor(asked, callerOf(exchange)),
      signal: exchange.signal,
    });
    await exchange.send(withText(response));
  } finally {
    entrance.leave();
  }
}

/** Lists cost little, but a notice has somebody called: both go through the gate. */
async function answerAboutMirrors(
  exchange: HttpExchange,
  route: Extract<Route, { kind: 'mirrors' | 'known-mirrors' }>,
  state: HandlerState,
): Promise<void> {
  const { mirrors, repositories, baseUrl, gate } = state;
  if (mirrors === undefined) return exchange.sendText(404, 'Not found.');
  const isNotice = route.kind === 'mirrors' && exchange.method === 'POST';
  if (!isNotice && !fits(exchange, 'GET')) return notAllowed(exchange, 'GET');
  const entrance = gate.enter(exchange.request.socket.remoteAddress ?? '');
  if ('full' in entrance) return tooBusy(exchange, entrance.full);
  const sources = { mirrors, repositories, baseUrl };
  try {
    if (route.kind === 'mirrors') await answerMirrors(exchange, route, sources);
    else await answerKnownMirrors(exchange, route.query, sources);
  } finally {
    entrance.leave();
  }
}

/** Where this fetch should go instead; undefined nearly always. */
async function mirrorFor(
  exchange: HttpExchange,
  repository: AskedRepository,
  { mirrors }: HandlerState,
): Promise<string | undefined> {
  const { request, gitProtocol, signal } = exchange;
  if (hasCertificate(request)) return undefined;
  return mirrors?.steer({ repository, caller: callerOf(exchange), headers: headerMap(request), gitProtocol, signal });
}

/** Whether the client has shown a certificate: it is known here by name, and may not be elsewhere. */
function hasCertificate({ socket }: IncomingMessage): boolean {
  return socket instanceof TLSSocket && Object.keys(socket.getPeerCertificate()).length > 0;
}

function notFoundText(valid: readonly string[]): string {
  if (valid.length === 0) return 'Repository not found.';
  return `Repository not found. There are: ${valid.join(' ')}`;
}

function bodyOf(exchange: HttpExchange, maxBytes: number): AsyncGenerator<Uint8Array, void, void> {
  return readRequestBody(exchange.request, {
    maxBytes,
    signal: exchange.signal,
    onChunk: (bytes) => {
      exchange.tookBytes(bytes);
    },
  });
}

/** An error answer without a body gets one line of text, which git shows to its user. */
function withText(response: GitResponse): GitResponse {
  const hasType = response.headers.some(([name]) => name.toLowerCase() === 'content-type');
  if (response.status < 400 || hasType) return response;
  const text = response.status === 404 ? 'Not found.' : response.status < 500 ? 'Request refused.' : 'Server error.';
  return {
    ...response,
    headers: [...response.headers, ['Content-Type', 'text/plain; charset=utf-8']],
    body: withDefault(response.body, Buffer.from(`${text}\n`)),
  };
}

async function* withDefault(body: AsyncIterable<Uint8Array>, text: Uint8Array): AsyncGenerator<Uint8Array, void, void> {
  let isEmpty = true;
  for await (const chunk of body) {
    isEmpty = false;
    yield chunk;
  }
  if (isEmpty) yield text;
}

async function* emptyBody(): AsyncGenerator<Uint8Array, void, void> {
  // A GET has no body worth reading.
}

function fits({ method }: HttpExchange, wanted: 'GET' | 'POST'): boolean {
  return method === wanted || (wanted === 'GET' && method === 'HEAD');
}

/** HTTP/1.0 knows no status for it. */
function notAllowed(exchange: HttpExchange, wanted: 'GET' | 'POST'): Promise<void> {
  const allow = wanted === 'GET' ? 'GET, HEAD' : wanted;
  const text = `The method must be ${allow.replace(', ', ' or ')}.`;
  if (exchange.request.httpVersion === '1.0') return exchange.sendText(400, text);
  return exchange.sendText(405, text, [['Allow', allow]]);
}

function retryAfter(): HeaderList {
  return [['Retry-After', String(retryAfterSeconds)]];
}

function tooBusy(exchange: HttpExchange, full: 'client' | 'server'): Promise<void> {
  return full === 'client'
    ? comeBack(exchange, 429, 'You have too many requests running here. Try again in a moment.')
    : comeBack(exchange, 503, 'This server has too much to do. Try again in a moment.');
}

function comeBack(exchange: HttpExchange, status: 429 | 503, text: string): Promise<void> {
  return exchange.sendText(status, text, retryAfter());
}

/** Ends an exchange that went wrong: with a status while that is possible, otherwise by cutting the connection. */
async function failed(exchange: HttpExchange, error: unknown): Promise<void> {
  exchange.failedWith(reasonOf(error));
  if (!exchange.canAnswer) {
    exchange.cut();
    return;
  }
  const { status, text } = meaningOf(error);
  await exchange.sendText(status, text, status === 503 ? retryAfter() : []).catch(() => {
    exchange.cut();
  });
}

function meaningOf(error: unknown): { readonly status: number; readonly text: string } {
  if (error instanceof RequestRefusedError) return { status: error.status, text: error.message };
  const isOurs = isGitMirrorError(error);
  const status = isOurs && !repositoryErrors.has(error.code) ? errorMeanings[error.code].httpStatus : 500;
  const isTellable = isOurs && tellable.has(error.code);
  return { status, text: isTellable ? error.message : 'The server could not answer. Its log says why.' };
}

/** Errors whose messages say nothing of this machine. */
const tellable = new Set<ErrorCode>(['GM_TOO_LARGE', 'GM_TIMEOUT', 'GM_NETWORK', 'GM_BUSY']);

/** A repository that is damaged or too large to be read: neither the client's fault nor that of a server behind this one. */
const repositoryErrors = new Set<ErrorCode>(['GM_CORRUPT', 'GM_LIMIT']);

/** For the log: what is behind an error that was worded for the client, too. */
function reasonOf(error: unknown): string {
  if (!(error instanceof RequestRefusedError) || error.cause === undefined) return messageOf(error);
  const cause = messageOf(error.cause);
  return cause === error.message ? cause : `${error.message} (${cause})`;
}

function headerMap(request: IncomingMessage): ReadonlyMap<string, string> {
  const map = new Map<string, string>();
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) map.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  return map;
}
