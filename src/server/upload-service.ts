import type { ByteStream } from '../core/byte-stream.ts';
import type { MirrorDirectory } from '../upload/mirror-directory.ts';
import type { UploadExchange } from '../upload/upload-exchange.ts';
import type { RequestObserver } from './request-observer.ts';

/** One run of git-upload-pack(1), as the side with the connection sees it. */
export interface UploadRun extends Pick<
  UploadExchange,
  'gitProtocol' | 'namespace' | 'mode' | 'input' | 'limits' | 'signal'
> {
  /** The repository's `.git` folder, or the bare repository: a real path. */
  readonly directory: string;
  readonly observer: RequestObserver;
  /** Address of the client, when known: a client stays with one backend. */
  readonly remoteAddress?: string | undefined;
  /** Answers questions about mirrors, on the thread of the caller; undefined: nothing is said of them. */
  readonly mirrors?: MirrorDirectory | undefined;
}

/**
 * Runs git-upload-pack(1) exchanges, wherever their work is done. All of HTTP (headers, compression, content types, which
 * service is enabled) is around it in `createHttpService`; git:// is in `GitDaemon`.
 */
export interface UploadService {
  /**
   * Begins an exchange and returns its output. A chunk is borrowed until the next one is asked for. The stream throws what the exchange failed with; nothing has been written
   * when it throws before its first chunk, and the status of the answer can then still say so: `GM_PROTOCOL` and `GM_USAGE`
   * for what is no request of the protocol, `GM_LIMIT` for too much, `GM_BUSY`, `NeedsGitError`. Leaving the stream, or
   * the signal, ends everything within a second.
   */
  run(run: UploadRun): ByteStream;
  /** Ends all exchanges and whatever they run on. */
  close(): Promise<void>;
}
