import type { ByteStream } from '../core/byte-stream.ts';
import { concatStreams } from '../core/byte-stream.ts';
import { chooseBackend, type BackendChoice } from './backend-choice.ts';
import { namesUrl } from '../wire/mirrors/git-protocol-keys.ts';
import { isNeedsGitError, type GitBackend, type GitRequest, type GitResponse } from './git-backend.ts';
import type { BackendName } from './request-observer.ts';

/** Options of {@link RolloutBackend}. */
export interface RolloutOptions {
  readonly native: GitBackend;
  readonly git: GitBackend;
  readonly choice: BackendChoice;
  /** Who answers `info/refs?service=git-upload-pack`, whatever the choice is. Default: as for all else. */
  readonly advertise?: BackendName | undefined;
}

/** Bytes of a request body that are kept until the native backend has begun to answer. */
const maxKeptBytes = 1024 * 1024;

/**
 * Both backends, each for its share of the requests. All rounds of one negotiation go to one backend while a client keeps
 * its address; the protocol is stateless, so nothing breaks when they do not. What only git can serve, git serves.
 */
export class RolloutBackend implements GitBackend {
  readonly #options: RolloutOptions;

  constructor(options: RolloutOptions) {
    this.#options = options;
  }

  async handle(request: GitRequest): Promise<GitResponse> {
    const { native, git } = this.#options;
    if (this.#choose(request) === 'git') {
      request.observer.servedBy('git');
      return git.handle(request);
    }
    request.observer.servedBy('native');
    const body = new KeptBody(request.body);
    try {
      const response = await native.handle({ ...request, body });
      body.forget();
      return response;
    } catch (error) {
      const again = isNeedsGitError(error) ? body.again() : undefined;
      if (again === undefined) throw error;
      request.observer.servedBy('git');
      return git.handle({ ...request, body: again });
    }
  }

  #choose({ directory, remoteAddress, query, gitProtocol }: GitRequest): BackendName {
    const { choice, advertise } = this.#options;
    if (namesUrl(gitProtocol)) return 'native';
    if (query !== '' && advertise !== undefined) return advertise;
    return chooseBackend(choice, directory, remoteAddress ?? '');
  }
}

/**
 * A body that can be read a second time from its beginning, as long as little of it has been read. Only the latest reader
 * gets anything: what an earlier one was still waiting for is not lost.
 */
class KeptBody implements ByteStream {
  readonly #iterator: AsyncIterator<Uint8Array>;
  #pending: Promise<IteratorResult<Uint8Array>> | undefined;
  #readers = 0;
  #kept: Uint8Array[] | undefined = [];
  #keptBytes = 0;

  constructor(body: ByteStream) {
    this.#iterator = body[Symbol.asyncIterator]();
  }

  /** Reads on where the last reader stopped. Leaving does not end the body: another may read it. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, void> {
    this.#readers += 1;
    const reader = this.#readers;
    for (;;) {
      const next = await (this.#pending ??= this.#iterator.next());
      if (reader !== this.#readers) return;
      this.#pending = undefined;
      if (next.done === true) return;
      this.#keep(next.value);
      yield next.value;
    }
  }

  /** The whole body once more; undefined when too much of it has gone by. */
  again(): ByteStream | undefined {
    const kept = this.#kept;
    if (kept === undefined) return undefined;
    this.#kept = undefined;
    return concatStreams(kept, this);
  }

  forget(): void {
    this.#kept = undefined;
  }

  #keep(chunk: Uint8Array): void {
    if (this.#kept === undefined) return;
    this.#keptBytes += chunk.length;
    if (this.#keptBytes > maxKeptBytes) {
      this.#kept = undefined;
      return;
    }
    // The first reader may hand its chunks over to another thread.
    this.#kept.push(chunk.slice());
  }
}
