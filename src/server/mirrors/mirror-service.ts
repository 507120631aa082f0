import type { MirrorDirectory } from '../../upload/mirror-directory.ts';
import type { MirrorDocument } from '../../wire/mirrors/mirror-document.ts';
import type { MirrorQuery } from '../../wire/mirrors/mirror-list.ts';
import type { FoundRepository } from '../repository-lookup.ts';

/** Who asks. */
export interface MirrorCaller {
  /** Address of the other end of the connection; undefined when it has none. */
  readonly remoteAddress: string | undefined;
  /** Value of `X-Forwarded-For`, which counts only from trusted proxies. */
  readonly forwardedFor?: string | undefined;
}

/** A repository that was found, and the URL under which it was asked for. */
export interface AskedRepository {
  /** The repository's `.git` folder, or the bare repository: a real path. */
  readonly directory: string;
  /** As in `FoundRepository`. */
  readonly name: string;
  /** The URL that a client at this server uses for it, when known; `http://host/name.git`. */
  readonly url: string | undefined;
}

/** The first request of a fetch: `GET info/refs?service=git-upload-pack`. */
export interface SteerRequest {
  readonly repository: AskedRepository;
  readonly caller: MirrorCaller;
  /** Lower-case names. Credentials and what declines are among them. */
  readonly headers: ReadonlyMap<string, string>;
  /** Keys of `Git-Protocol`. */
  readonly gitProtocol: string;
  readonly signal: AbortSignal;
}

/** A mirror as the origin knows it, from its configuration or because it has said so and was called back. */
export interface RegisteredMirror {
  readonly url: string;
  readonly region?: string | undefined;
  readonly stratum?: number | undefined;
  /** Its ref digest when it was last looked at. */
  readonly digest?: string | undefined;
  /** When that was, and until when it holds: milliseconds since 1970. A configured mirror has no end. */
  readonly seenAtMs?: number | undefined;
  readonly expiresAtMs?: number | undefined;
}

/** All that a server does about mirrors, on the thread that answers requests. */
export interface MirrorService {
  /** What a thread asks for one exchange. Undefined when the repository says nothing of mirrors (`mirror.advertise`). */
  directoryFor(repository: AskedRepository, caller: MirrorCaller): MirrorDirectory | undefined;
  /**
   * The repository that is a copy of `url`, whatever its path here (row M6). When there is none: the canonical URLs of those
   * that are served, bounded. Only repositories that speak of mirrors are found.
   *
   * @param preferred - directory of the one that is meant when several are copies of it
   */
  findByUrl(
    url: string,
    preferred?: string,
  ): Promise<
    | { readonly kind: 'found'; readonly repository: Extract<FoundRepository, { kind: 'found' }> }
    | { readonly kind: 'not-found'; readonly valid: readonly string[] }
  >;
  /**
   * The answer to `GET <repository>/info/mirrors`: what `list` of its directory says, with the digest of the repository's own
   * refs. Undefined where `directoryFor` is.
   */
  describe(repository: AskedRepository, caller: MirrorCaller, query: MirrorQuery): Promise<MirrorDocument | undefined>;
  /**
   * The same for every repository that speaks of mirrors, bounded: for `/.well-known/git-mirrors`.
   *
   * @param baseUrl - of this server as the caller reached it, with a slash at the end
   */
  describeAll(baseUrl: string, caller: MirrorCaller): Promise<readonly MirrorDocument[]>;
  /** The base URL of a mirror that this client should go to instead, without a slash at the end; usually undefined. */
  steer(request: SteerRequest): Promise<string | undefined>;
  /** Ends what runs. */
  close(): Promise<void>;
}
