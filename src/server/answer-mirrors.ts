import { concatBytes } from '../core/bytes.ts';
import { encodeMirrorDocument } from '../wire/mirrors/mirror-document.ts';
import {
  isCount,
  isCursor,
  isListedUrl,
  isRefDigest,
  isScheme,
  isUrlText,
  parseCount,
} from '../wire/mirrors/mirror-fields.ts';
import { mirrorLimits } from '../wire/mirrors/mirror-limits.ts';
import type { MirrorNotice, MirrorQuery } from '../wire/mirrors/mirror-list.ts';
import { findAsked } from './find-asked.ts';
import type { HttpExchange } from './http-exchange.ts';
import type { MirrorCaller, MirrorService } from './mirrors/mirror-service.ts';
import type { RepositoryLookup } from './repository-lookup.ts';
import { readRequestBody } from './request-body.ts';
import { RequestRefusedError } from './request-refused-error.ts';

/** What the answers are made from. */
export interface MirrorSources {
  readonly mirrors: MirrorService;
  readonly repositories: RepositoryLookup;
  /** With a slash at the end. Default: as the client reached this server. */
  readonly baseUrl?: string | undefined;
}

const maxNoticeBytes = 64 * 1024;

/** Who asks, as the service judges it. */
export function callerOf({ request }: HttpExchange): MirrorCaller {
  const forwarded = request.headers['x-forwarded-for'];
  return {
    remoteAddress: request.socket.remoteAddress,
    forwardedFor: Array.isArray(forwarded) ? forwarded.join(',') : forwarded,
  };
}

/** `GET <repository>/info/mirrors` and `POST`, the twins of the commands `mirrors` and `mirror-notify`. */
export async function answerMirrors(
  exchange: HttpExchange,
  route: { readonly repository: string; readonly query: string },
  { mirrors, repositories, baseUrl = exchange.baseUrl }: MirrorSources,
): Promise<void> {
  const query = parseQuery(route.query);
  const name = route.repository;
  const found = await findAsked(repositories, mirrors, { name, gitProtocol: '', url: query.url ?? baseUrl + name });
  if (found.kind !== 'found') return exchange.sendText(404, 'Repository not found.');
  exchange.describe(found.name, 'info/mirrors');
  const repository = { directory: found.directory, name: found.name, url: baseUrl + found.name };
  const caller = callerOf(exchange);
  if (exchange.method !== 'POST') {
    const document = await mirrors.describe(repository, caller, query);
    if (document === undefined) return exchange.sendText(404, 'Nothing is said of mirrors here.');
    return exchange.sendJson(document.answer.kind === 'list' ? 200 : 404, encodeMirrorDocument(document));
  }
  const directory = mirrors.directoryFor(repository, caller);
  if (directory === undefined) return exchange.sendText(404, 'Nothing is said of mirrors here.');
  const answer = await directory.notify(await readNotice(exchange));
  if (answer.kind !== 'refused') return exchange.sendJson(200, toText({ answer: answer.kind }));
  return exchange.sendJson(403, toText({ answer: 'refused', reason: answer.reason }));
}

/**
 * `GET /.well-known/git-mirrors`: the repositories that speak of mirrors, as objects of the same form in `repositories`; with
 * `?url=` the document of that one, or 404 with the URLs that would be valid.
 */
export async function answerKnownMirrors(
  exchange: HttpExchange,
  rawQuery: string,
  { mirrors, baseUrl = exchange.baseUrl }: MirrorSources,
): Promise<void> {
  const query = parseQuery(rawQuery);
  const caller = callerOf(exchange);
  if (query.url === undefined) {
    const documents = await mirrors.describeAll(baseUrl, caller);
    const repositories = documents.map((document): unknown => JSON.parse(encodeMirrorDocument(document)));
    return exchange.sendJson(200, toText({ repositories }));
  }
  const found = await mirrors.findByUrl(query.url);
  if (found.kind === 'not-found') return exchange.sendJson(404, encodeMirrorDocument({ answer: found }));
  const { name, directory } = found.repository;
  const document = await mirrors.describe({ name, directory, url: baseUrl + name }, caller, query);
  if (document === undefined) return exchange.sendText(404, 'Nothing is said of mirrors here.');
  return exchange.sendJson(document.answer.kind === 'list' ? 200 : 404, encodeMirrorDocument(document));
}

/** Parameters that are not known are passed over, as in any URL. */
function parseQuery(raw: string): MirrorQuery {
  const parameters = new URLSearchParams(raw);
  const take = <Value>(name: string, parse: (text: string) => Value | undefined): Value | undefined => {
    const text = parameters.get(name);
    if (text === null) return undefined;
    const value = parse(text);
    if (value === undefined) throw new RequestRefusedError(400, `Bad request: the parameter ${name} makes no sense.`);
    return value;
  };
  return {
    url: take('url', (text) => (isUrlText(text) ? text : undefined)),
    limit: take('limit', parseCount),
    after: take('after', (text) => (isCursor(text) ? text : undefined)),
    protocols: take('protocols', (text) => {
      const names = text.toLowerCase().split(',');
      return names.length <= mirrorLimits.maxProtocols && names.every(isScheme) ? names : undefined;
    }),
  };
}

/** The notice in a body of JSON: `{"at": …, "digest": …, "ttl": seconds, "signature": …}`. */
async function readNotice(exchange: HttpExchange): Promise<MirrorNotice> {
  // A page in somebody's browser cannot send this type to another host without being asked for leave first.
  if (!/^application\/json\b/i.test(exchange.request.headers['content-type'] ?? '')) {
    throw new RequestRefusedError(415, 'Send the notice as application/json.');
  }
  const chunks: Uint8Array[] = [];
  const body = readRequestBody(exchange.request, {
    maxBytes: maxNoticeBytes,
    signal: exchange.signal,
    onChunk: (bytes) => {
      exchange.tookBytes(bytes);
    },
  });
  for await (const chunk of body) chunks.push(chunk);
  const notice = parseNotice(Buffer.from(concatBytes(chunks)).toString('utf8'));
  if (notice === undefined) {
    throw new RequestRefusedError(
      400,
      'Bad request: a notice has at (a URL), digest (64 hexadecimal digits) and ttl (seconds).',
    );
  }
  return notice;
}

function parseNotice(text: string): MirrorNotice | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { at, digest, ttl, signature }: Readonly<Record<string, unknown>> = { ...value };
  if (typeof at !== 'string' || !isListedUrl(at) || typeof digest !== 'string' || !isRefDigest(digest))
    return undefined;
  if (!isCount(ttl)) return undefined;
  if (signature === undefined) return { at, digest, ttlSeconds: ttl };
  if (typeof signature !== 'string' || signature.length > mirrorLimits.maxSignatureBytes) return undefined;
  return { at, digest, ttlSeconds: ttl, signature };
}

function toText(value: object): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
