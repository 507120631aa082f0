import type { ByteStream } from '../core/byte-stream.ts';

/** One request to the Git services of one repository, free of any HTTP library. */
export interface GitRequest {
  /** Directory of the repository. It has been looked up by name; nothing of it comes from the client. */
  readonly directory: string;
  readonly method: 'GET' | 'POST';
  /** What is asked for, below the repository: `info/refs`, `git-upload-pack`, `HEAD`, `objects/…`. */
  readonly path: string;
  /** `service=git-upload-pack` for an advertisement, otherwise empty. */
  readonly query: string;
  /** Request headers by lower-case name; repeated ones are joined by a comma. */
  readonly headers: ReadonlyMap<string, string>;
  /** The body as sent: not decompressed, chunking removed. Throws when the client goes away or sends too much. */
  readonly body: ByteStream;
  /** Address of the client, when known. */
  readonly remoteAddress?: string | undefined;
  /** Aborted when the client is gone, time is up, or the exchange is over: everything behind the request ends then. */
  readonly signal: AbortSignal;
}

/** The answer to a {@link GitRequest}. */
export interface GitResponse {
  readonly status: number;
  /** In the order in which they are to be sent. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Read at most once. Throws when the answer cannot be completed. */
  readonly body: ByteStream;
}

/**
 * Answers requests for Git's HTTP services (gitprotocol-http). What HTTP itself needs (routes, limits, methods, who
 * may ask) has been settled before; a backend knows repositories and the Git protocol only.
 */
export interface GitBackend {
  handle(request: GitRequest): Promise<GitResponse>;
}
