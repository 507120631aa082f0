import type { ByteStream } from '../core/byte-stream.ts';
import { isGitMirrorError } from '../core/error.ts';
import type { MirrorDirectory } from '../upload/mirror-directory.ts';
import type { UploadLimits } from '../upload/upload-limits.ts';
import type { RequestObserver } from './request-observer.ts';

/** One request to the Git services of one repository, free of any HTTP library. */
export interface GitRequest {
  /** Directory of the repository (`.git`, or a bare one), its real path. Nothing of it comes from the client. */
  readonly directory: string;
  /** A HEAD request is answered like a GET, and the body left out by whoever sends the answer. */
  readonly method: 'GET' | 'POST';
  /** What is asked for, below the repository: `info/refs`, `git-upload-pack`, `HEAD`, `objects/…`. */
  readonly path: string;
  /** `service=git-upload-pack` for an advertisement, otherwise empty. */
  readonly query: string;
  /** Request headers by lower-case name; repeated ones are joined by a comma. */
  readonly headers: ReadonlyMap<string, string>;
  /** Value of the `Git-Protocol` header; empty without one, or when it is none. */
  readonly gitProtocol: string;
  /** The body as sent: not decompressed, chunking removed. Throws when the client goes away or sends too much. */
  readonly body: ByteStream;
  /** Most bytes of the body, as sent and decompressed. */
  readonly maxBodyBytes: number;
  /** Bounds on what may be asked for. */
  readonly limits: UploadLimits;
  /** Is told what happens, for metrics and traces. */
  readonly observer: RequestObserver;
  /** Address of the client, when known. */
  readonly remoteAddress?: string | undefined;
  /** What may be asked of mirrors; undefined: nothing. */
  readonly mirrors?: MirrorDirectory | undefined;
  /** Aborted when the client is gone, time is up, or the exchange is over: everything behind the request ends then. */
  readonly signal: AbortSignal;
}

/** The answer to a {@link GitRequest}. */
export interface GitResponse {
  readonly status: number;
  /** In the order in which they are to be sent. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Read at most once. Throws when the answer cannot be completed. A chunk is borrowed until the next is asked for. */
  readonly body: ByteStream;
}

/**
 * Answers requests for Git's HTTP services (gitprotocol-http). What HTTP itself needs (routes, limits, methods, who
 * may ask) has been settled before; a backend knows repositories and the Git protocol only.
 */
export interface GitBackend {
  handle(request: GitRequest): Promise<GitResponse>;
}

/**
 * Whether `error` is what a backend throws, before it has answered anything, for a repository that only git itself can serve
 * (`NeedsGitError`, maybe one that has crossed threads). Where there is a git backend, that one answers instead.
 */
export function isNeedsGitError(error: unknown): boolean {
  return isGitMirrorError(error, 'GM_SYSTEM') && error.details['needsGit'] === true;
}
