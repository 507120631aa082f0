import type { IncomingMessage, ServerResponse } from 'node:http';
import { errorMeanings, isGitMirrorError, messageOf, type ErrorCode } from '../core/error.ts';
import type { GitBackend, GitResponse } from './git-backend.ts';
import { defaultHandlerLimits, type HandlerLimits } from './handler-limits.ts';
import { HttpExchange, type RequestRecord } from './http-exchange.ts';
import { renderIndexPage } from './index-page.ts';
import { assertDeclaredLength, readRequestBody } from './request-body.ts';
import { RequestGate } from './request-gate.ts';
import type { RepositoryLookup } from './repository-table.ts';
import { parseRoute, type Route } from './route.ts';

/** Options of {@link createGitHandler}. */
export interface GitHandlerOptions {
  readonly repositories: RepositoryLookup;
  readonly backend: GitBackend;
  readonly limits?: Partial<HandlerLimits> | undefined;
  /** Base of the clone URLs on the index page, with a slash at the end. Default: the `Host` header. */
  readonly baseUrl?: string | undefined;
  readonly onRequest?: ((record: RequestRecord) => void) | undefined;
}

/** Seconds after which a client that was turned away may come back. */
const retryAfterSeconds = 2;

/**
 * A handler for `node:http`, Express (`app.use`) and Fastify (`request.raw`, `reply.raw`) that serves the repositories
 * of a table for reading over Smart HTTP (gitprotocol-http). It never throws and always ends the response.
 */
export function createGitHandler(
  options: GitHandlerOptions,
): (request: IncomingMessage, response: ServerResponse) => void {
  const limits = { ...defaultHandlerLimits, ...options.limits };
  const gate = new RequestGate(limits.maxConcurrentRequests);
  return (request, response) => {
    const exchange = new HttpExchange(request, response, limits);
    void answer(exchange, parseRoute(request.url ?? ''), options, limits, gate)
      .catch((error: unknown) => failed(exchange, error))
      .finally(() => {
        options.onRequest?.(exchange.finish());
      });
  };
}

async function answer(
  exchange: HttpExchange,
  route: Route,
  options: GitHandlerOptions,
  limits: HandlerLimits,
  gate: RequestGate,
): Promise<void> {
  const { method } = exchange;
  switch (route.kind) {
    case 'malformed':
      return exchange.sendText(400, `Bad request: ${route.reason}.`);
    case 'unknown':
      return exchange.sendText(404, 'Not found.');
    case 'unknown-service':
      return exchange.sendText(403, 'This server does not offer that service.');
    case 'health':
    case 'index': {
      if (method !== 'GET' && method !== 'HEAD') return notAllowed(exchange, 'GET, HEAD');
      if (route.kind === 'health') return exchange.sendText(200, 'ok');
      const page = renderIndexPage(options.repositories.list(), options.baseUrl ?? exchange.baseUrl);
      return exchange.sendPage(page);
    }
    case 'push': {
      const found = await options.repositories.find(route.repository);
      if (found.kind === 'unknown') return exchange.sendText(404, 'Repository not found.');
      return exchange.sendText(403, 'Pushes are not taken here: this is a mirror. Push to the upstream repository.');
    }
    case 'git':
      return answerGit(exchange, route, options, limits, gate);
  }
}

async function answerGit(
  exchange: HttpExchange,
  route: Extract<Route, { kind: 'git' }>,
  { repositories, backend }: GitHandlerOptions,
  limits: HandlerLimits,
  gate: RequestGate,
): Promise<void> {
  const { request } = exchange;
  const found = await repositories.find(route.repository);
  if (found.kind === 'unknown') return exchange.sendText(404, 'Repository not found.');
  exchange.describe(found.name, route.path);
  if (exchange.method !== route.method) return notAllowed(exchange, route.method);
  if (found.kind === 'preparing') {
    return comeBack(exchange, `The first copy of ${found.name} is still being made. Try again in a moment.`);
  }
  assertDeclaredLength(request, limits.maxRequestBytes);
  const leave = gate.enter();
  if (leave === undefined) return comeBack(exchange, 'This server has too much to do. Try again in a moment.');
  try {
    const response = await backend.handle({
      directory: found.directory,
      method: route.method,
      path: route.path,
      query: route.query,
      headers: headerMap(request),
      body:
        route.method === 'POST'
          ? readRequestBody(request, limits.maxRequestBytes, (bytes) => {
              exchange.tookBytes(bytes);
            })
          : emptyBody(),
      remoteAddress: request.socket.remoteAddress,
      signal: exchange.signal,
    });
    await exchange.send(withText(response));
  } finally {
    leave();
  }
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

function notAllowed(exchange: HttpExchange, allow: string): Promise<void> {
  return exchange.sendText(405, `The method must be ${allow}.`, [['Allow', allow]]);
}

function comeBack(exchange: HttpExchange, text: string): Promise<void> {
  return exchange.sendText(503, text, [['Retry-After', String(retryAfterSeconds)]]);
}

/** Ends an exchange that went wrong: with a status while that is possible, otherwise by cutting the connection. */
async function failed(exchange: HttpExchange, error: unknown): Promise<void> {
  exchange.failedWith(messageOf(error));
  if (!exchange.canAnswer) {
    exchange.cut();
    return;
  }
  const isOurs = isGitMirrorError(error);
  const status = isOurs ? errorMeanings[error.code].httpStatus : 500;
  const text = isOurs && tellable.has(error.code) ? error.message : 'The server could not answer. Its log says why.';
  await exchange.sendText(status, text).catch(() => {
    exchange.cut();
  });
}

/** Errors whose messages say nothing of this machine. */
const tellable = new Set<ErrorCode>(['GM_TOO_LARGE', 'GM_TIMEOUT', 'GM_NETWORK']);

function headerMap(request: IncomingMessage): ReadonlyMap<string, string> {
  const map = new Map<string, string>();
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) map.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  return map;
}
