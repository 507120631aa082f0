import { GitMirrorError } from '../../core/error.ts';
import type { ByteStream } from '../../core/byte-stream.ts';
import type { MirrorLimits } from '../mirror-candidate.ts';

/** A server that says that it is at work may take so many times as long as a silent one. */
const preparationFactor = 10;

/**
 * Watches one answer of a mirror and ends it by `abort` when it takes too long. Only time that is spent waiting for the
 * mirror counts: while what arrived is being indexed here, it may rest.
 */
export class PackWatch {
  readonly #limits: MirrorLimits;
  readonly #abort: (reason: GitMirrorError) => void;
  readonly #deadlineMs: number;
  #timer: NodeJS.Timeout | undefined;
  #hasPack = false;
  #waitedMs = 0;
  #windowBytes = 0;

  constructor(limits: MirrorLimits, abort: (reason: GitMirrorError) => void) {
    this.#limits = limits;
    this.#abort = abort;
    this.#deadlineMs = performance.now() + preparationFactor * Math.max(limits.firstByteMs, limits.stallMs);
  }

  /** The wait for an answer begins; `word` starts it anew. */
  begin(): void {
    this.#wait(this.#limits.firstByteMs, 'nothing came');
  }

  /** Something came that is no object yet. */
  word(): void {
    if (this.#hasPack) return;
    const patienceMs = Math.max(this.#limits.firstByteMs, this.#limits.stallMs);
    this.#wait(Math.min(patienceMs, Math.max(0, this.#deadlineMs - performance.now())), 'no object came');
  }

  /** `pack`, chunk by chunk. Throws what `abort` made of the session behind it. */
  async *watch(pack: ByteStream): AsyncGenerator<Uint8Array, void, void> {
    let askedMs = performance.now();
    try {
      for await (const chunk of pack) {
        this.#rest();
        this.#checkRate(performance.now() - askedMs, chunk.length);
        yield chunk;
        askedMs = performance.now();
        this.#wait(this.#limits.stallMs, 'nothing more came');
      }
    } finally {
      this.end();
    }
  }

  /** Watches no longer. */
  end(): void {
    this.#rest();
  }

  #checkRate(waitedMs: number, bytes: number): void {
    if (bytes > 0) this.#hasPack = true;
    this.#waitedMs += waitedMs;
    this.#windowBytes += bytes;
    if (this.#waitedMs < this.#limits.stallMs) return;
    const rate = (this.#windowBytes * 1000) / this.#waitedMs;
    this.#waitedMs = 0;
    this.#windowBytes = 0;
    const { minBytesPerSecond } = this.#limits;
    if (rate >= minBytesPerSecond) return;
    throw new GitMirrorError(
      'GM_TIMEOUT',
      `it sent ${String(Math.round(rate))} bytes a second, less than ${String(minBytesPerSecond)}`,
    );
  }

  #wait(ms: number, what: string): void {
    this.#rest();
    this.#timer = setTimeout(() => {
      this.#abort(new GitMirrorError('GM_TIMEOUT', `${what} for ${String(Math.round(ms / 100) / 10)} s`));
    }, ms);
  }

  #rest(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
