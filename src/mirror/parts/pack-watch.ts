import { GitMirrorError } from '../../core/error.ts';
import type { ByteStream } from '../../core/byte-stream.ts';
import type { MirrorLimits } from '../mirror-candidate.ts';

/** A server that says that it is at work may take so many times as long as a silent one. */
const preparationFactor = 10;
/**
 * A server that has sent no more than this is still preparing: some send what is easy at once, and then search for deltas,
 * which parts need more of than whole histories do. From its first byte on it has as long for that as for a first byte.
 */
const preparationBytes = 256 * 1024;

/**
 * Watches one answer of a mirror and ends it by `abort` when it takes too long. While the server prepares the pack, each
 * byte that says that it is alive gives it time anew, up to a bound; then bytes of the pack alone count, and how many. Only
 * time that is spent waiting for the mirror counts: while what arrived is being indexed here, it may rest.
 */
export class PackWatch {
  readonly #limits: MirrorLimits;
  readonly #abort: (reason: GitMirrorError) => void;
  /** End of the preparation, whatever the server says. */
  #deadlineMs: number;
  #timer: NodeJS.Timeout | undefined;
  #isWaiting = false;
  #packBytes = 0;
  #waitedMs = 0;
  #windowBytes = 0;

  constructor(limits: MirrorLimits, abort: (reason: GitMirrorError) => void) {
    this.#limits = limits;
    this.#abort = abort;
    this.#deadlineMs = performance.now() + preparationFactor * this.#patienceMs;
  }

  /** The wait for an answer begins; `word` starts it anew. */
  begin(): void {
    this.#wait(this.#limits.firstByteMs, 'nothing came');
  }

  /** Something came, be it only a sign of life. */
  word(): void {
    if (!this.#isWaiting || this.#packBytes >= preparationBytes) return;
    const leftMs = Math.max(0, this.#deadlineMs - performance.now());
    this.#wait(Math.min(this.#patienceMs, leftMs), 'no more than a beginning came');
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
        this.#isWaiting = true;
        if (this.#packBytes < preparationBytes) this.word();
        else this.#wait(this.#limits.stallMs, 'nothing more came');
      }
    } finally {
      this.end();
    }
  }

  /** Watches no longer. */
  end(): void {
    this.#rest();
  }

  get #patienceMs(): number {
    return Math.max(this.#limits.firstByteMs, this.#limits.stallMs);
  }

  #checkRate(waitedMs: number, bytes: number): void {
    if (this.#packBytes === 0) this.#deadlineMs = performance.now() + this.#patienceMs;
    this.#packBytes += bytes;
    if (this.#packBytes < preparationBytes) return;
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
    this.#isWaiting = true;
    this.#timer = setTimeout(() => {
      this.#abort(new GitMirrorError('GM_TIMEOUT', `${what} for ${String(Math.round(ms / 100) / 10)} s`));
    }, ms);
  }

  #rest(): void {
    clearTimeout(this.#timer);
    this.#isWaiting = false;
  }
}
