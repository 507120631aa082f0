import type { ByteSink } from '../core/byte-sink.ts';
import type { ByteStream } from '../core/byte-stream.ts';
import type { DeltaSearcher } from '../packing/delta-searcher.ts';
import type { PackCache } from '../packing/pack-cache.ts';
import type { Repository } from '../repository/repository.ts';
import type { MirrorDirectory } from './mirror-directory.ts';
import type { UploadLimits } from './upload-limits.ts';
import type { UploadObserver } from './upload-observer.ts';

/** One run of git-upload-pack(1), whatever carries it: HTTP, git:// or a test. */
export interface UploadExchange {
  readonly repository: Repository;
  /** Value of `GIT_PROTOCOL` or of the `Git-Protocol` header, as the client sent it; empty when it sent none. */
  readonly gitProtocol: string;
  /** `GIT_NAMESPACE` of the server, empty for none. */
  readonly namespace: string;
  /**
   * `advertise`: answer with the advertisement and end (`--http-backend-info-refs`). `answer`: read requests, to be
   * answered without an advertisement (`--stateless-rpc`). `converse`: the advertisement first, then requests until the
   * client ends (git://).
   */
  readonly mode: 'advertise' | 'answer' | 'converse';
  /** What the client sends, decompressed. */
  readonly input: ByteStream;
  readonly output: ByteSink;
  readonly limits: UploadLimits;
  readonly searcher: DeltaSearcher;
  /** Where packs of clients that have nothing yet are kept; undefined: nowhere. */
  readonly cache?: PackCache | undefined;
  /** Answers questions about mirrors; undefined: nothing is said of them. */
  readonly mirrors?: MirrorDirectory | undefined;
  readonly observer: UploadObserver;
  /** Aborted when the client is gone or time is up. */
  readonly signal: AbortSignal;
}
