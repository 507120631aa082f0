import { ServiceTally } from '../../client/service-tally.ts';
import { GitMirrorError } from '../../core/error.ts';

/** Counts what a mirror sends, notes when it begins, and ends it when it is too much. */
export class BoundedTally extends ServiceTally {
  /** When the first bytes of the answer came, by `performance.now()`. */
  firstByteAtMs: number | undefined;
  /** Bytes behind those first ones. */
  furtherBytes = 0;
  readonly #maxBytes: number;
  readonly #excess = new AbortController();

  constructor(maxBytes: number) {
    super('mirror git-upload-pack');
    this.#maxBytes = maxBytes;
  }

  /** Aborted with `GM_LIMIT` when more than `maxBytes` have come. */
  get excess(): AbortSignal {
    return this.#excess.signal;
  }

  /** From now on another answer is waited for. */
  expectAnswer(): void {
    this.firstByteAtMs = undefined;
    this.furtherBytes = 0;
  }

  override received(bytes: number): void {
    super.received(bytes);
    if (this.firstByteAtMs === undefined) this.firstByteAtMs = performance.now();
    else this.furtherBytes += bytes;
    if (this.responseBytes <= this.#maxBytes) return;
    this.#excess.abort(new GitMirrorError('GM_LIMIT', `it sends more than ${String(this.#maxBytes)} bytes of refs`));
  }
}
