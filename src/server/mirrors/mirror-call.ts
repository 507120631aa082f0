import { isIPv6 } from 'node:net';
import { Agent, request } from 'undici';
import { GitMirrorError, isGitMirrorError, messageOf } from '../../core/error.ts';
import type { ObjectId } from '../../core/object-id.ts';
import { version } from '../../core/version.ts';
import { SourceSession } from '../../client/source-session.ts';
import { ServiceTally } from '../../client/service-tally.ts';
import { parseEndpoint } from '../../transport/parse-endpoint.ts';
import { decodeMirrorDocument } from '../../wire/mirrors/mirror-document.ts';
import { refDigest } from '../../wire/mirrors/ref-digest.ts';
import { allowedAddresses, type AllowedAddress, type Resolve } from './allowed-addresses.ts';
import type { NoticeUrl } from './notice-url.ts';

/** The repository that a mirror claims to be one of. */
export interface OriginToCompare {
  digest(): string;
  /** Whether it has any of these objects, or nothing at all. */
  hasAny(oids: readonly ObjectId[]): boolean;
}

/** How a mirror is called. */
export interface MirrorCallOptions {
  /** Patterns of `mirror.notifyHost`: hosts they name may be internal. */
  readonly hosts: readonly string[];
  /**
   * What the mirror must have something of; undefined: whatever it has is fine. One whose digest is the same needs no proof:
   * what is listed of it is never believed.
   */
  readonly origin?: OriginToCompare | undefined;
  /** Ends the call. */
  readonly signal: AbortSignal;
  /** Default 5 s for all of it. */
  readonly timeoutMs?: number | undefined;
  readonly resolve?: Resolve | undefined;
}

const defaultTimeoutMs = 5000;
const maxDocumentBytes = 256 * 1024;
const maxListingBytes = 64 * 1024 * 1024;
const maxRefs = 500_000;
const userAgent = `git-mirror/${version}`;

/**
 * Asks a mirror for its ref digest: `GET <at>/info/mirrors` where that is answered, otherwise, or to see what it is a mirror of,
 * by listing its refs. One call
 * with a bound on time, bytes and refs, without credentials and redirects, to addresses that were checked.
 *
 * @throws GitMirrorError that says what is wrong with the mirror, behind "the mirror cannot be listed: "
 */
export async function callMirror(at: NoticeUrl, options: MirrorCallOptions): Promise<string> {
  const timeout = AbortSignal.timeout(options.timeoutMs ?? defaultTimeoutMs);
  const signal = AbortSignal.any([options.signal, timeout]);
  const addresses = await settledBy(signal, allowedAddresses(at.host, options.hosts, options.resolve)).catch(explain);
  const dispatcher = pinnedAgent(addresses);
  try {
    const told = at.scheme === 'git' ? undefined : await readDigest(at.url, dispatcher, signal);
    if (told !== undefined && (options.origin === undefined || told === options.origin.digest())) return told;
    return await listDigest(at, addresses, dispatcher, signal, options.origin);
  } catch (error) {
    options.signal.throwIfAborted();
    if (timeout.aborted) throw new GitMirrorError('GM_TIMEOUT', 'it takes too long to answer', { cause: error });
    return explain(error);
  } finally {
    void dispatcher.destroy().catch(() => undefined);
  }
}

/** Connects to these addresses alone, whatever the name server says by then. */
function pinnedAgent(addresses: readonly AllowedAddress[]): Agent {
  return new Agent({
    connections: 2,
    pipelining: 1,
    allowH2: false,
    maxResponseSize: maxListingBytes,
    connect: {
      lookup: (_host, { all }, callback) => {
        const [first] = addresses;
        if (all === true || first === undefined) callback(null, [...addresses]);
        else callback(null, first.address, first.family);
      },
    },
  });
}

/** Undefined where the URL answers something else than our document. */
async function readDigest(base: string, dispatcher: Agent, signal: AbortSignal): Promise<string | undefined> {
  const { statusCode, headers, body } = await request(`${base}/info/mirrors?limit=0`, {
    dispatcher,
    signal,
    headers: { accept: 'application/json', 'user-agent': userAgent },
  });
  if (statusCode !== 200) {
    // What stands in it says nothing; leaving it unread ends the connection.
    body.on('error', () => undefined).destroy();
    if (statusCode >= 300 && statusCode < 400) throw new GitMirrorError('GM_PROTOCOL', 'it redirects elsewhere');
    return undefined;
  }
  // Whatever else the URL may answer, it is no list of mirrors.
  if (!/^application\/json\b/i.test(String(headers['content-type'] ?? ''))) {
    body.on('error', () => undefined).destroy();
    return undefined;
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxDocumentBytes) throw new GitMirrorError('GM_LIMIT', 'its answer is too large');
    chunks.push(chunk);
  }
  return decodeMirrorDocument(Buffer.concat(chunks)).digest;
}

/** Lists all refs as a client would. */
async function listDigest(
  { url, scheme, host }: NoticeUrl,
  addresses: readonly AllowedAddress[],
  dispatcher: Agent,
  signal: AbortSignal,
  origin: OriginToCompare | undefined,
): Promise<string> {
  const limit = new AbortController();
  const session = await SourceSession.open(
    {
      endpoint: { url: scheme === 'git' ? withAddress(url, host, addresses) : url, followInfoRefsRedirect: false },
      dispatcher,
      userAgent,
      tally: new BoundedTally(() => {
        limit.abort(new GitMirrorError('GM_LIMIT', 'it has more refs than this server reads'));
      }),
      env: {},
      signal: AbortSignal.any([signal, limit.signal]),
    },
    2,
  );
  try {
    const { refs, head } = await session.listRefs(['refs/']);
    if (refs.length > maxRefs) throw new GitMirrorError('GM_LIMIT', 'it has more refs than this server reads');
    if (origin?.hasAny(refs.map(({ oid }) => oid)) === false) {
      throw new GitMirrorError('GM_FORBIDDEN', 'it has nothing of this repository');
    }
    return refDigest(refs, head);
  } finally {
    await session.close();
  }
}

/** A git:// URL with the address that was checked in place of the name. */
function withAddress(url: string, host: string, addresses: readonly AllowedAddress[]): string {
  const [first] = addresses;
  const parsed = parseEndpoint(url);
  if (parsed.transport !== 'git' || first === undefined || first.address === host) return url;
  return `git://${isIPv6(first.address) ? `[${first.address}]` : first.address}:${String(parsed.port)}${parsed.path}`;
}

/** Ends what it counts when that is too much. */
class BoundedTally extends ServiceTally {
  readonly #onExceeded: () => void;

  constructor(onExceeded: () => void) {
    super('mirror git-upload-pack');
    this.#onExceeded = onExceeded;
  }

  override received(bytes: number): void {
    super.received(bytes);
    if (this.responseBytes > maxListingBytes) this.#onExceeded();
  }
}

/** A name server cannot be told to stop; nobody waits for it then. */
function settledBy<Result>(signal: AbortSignal, work: Promise<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      reject(signal.reason as Error);
    };
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', onAbort);
    });
  });
}

/** What the mirror's operator is told. Words of others stay out of it. */
function explain(error: unknown): never {
  if (isGitMirrorError(error)) throw error;
  if (error instanceof Error && error.name === 'TimeoutError') {
    throw new GitMirrorError('GM_TIMEOUT', 'it takes too long to answer', { cause: error });
  }
  throw new GitMirrorError('GM_NETWORK', `it cannot be reached: ${messageOf(error)}`, { cause: error });
}
