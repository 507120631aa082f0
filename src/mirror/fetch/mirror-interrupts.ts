/** Signals that ask a program to stop. */
export type StopSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

/** A second one within so many milliseconds is the same key press: the terminal and a parent process both send it. */
const echoMs = 250;
/** Two key presses within so many milliseconds are meant as one: stop. */
const twiceMs = 1000;

/**
 * What Ctrl-C means while mirrors are asked:
 *
 * - `origin`, where it begins: it stops the program;
 * - `mirror`, from {@link skip} on: it leaves the mirror, and the next one is asked;
 * - within a second of that it stops the program, whatever is asked by then.
 *
 * Other signals stop it at once.
 */
export class MirrorInterrupts {
  readonly #stop = new AbortController();
  readonly #toReason: (signal: StopSignal) => Error;
  #skip: AbortController | undefined;
  #lastMs = Number.NEGATIVE_INFINITY;
  #stoppedBy: StopSignal | undefined;

  /** @param toReason - makes the reason that `signal` is aborted with */
  constructor(toReason: (signal: StopSignal) => Error) {
    this.#toReason = toReason;
  }

  /** Aborted when the program is to stop. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** What stopped it. */
  get stoppedBy(): StopSignal | undefined {
    return this.#stoppedBy;
  }

  /** A mirror is asked from now on; the signal tells when it is to be left. */
  skip(): AbortSignal {
    this.#skip = new AbortController();
    return this.#skip.signal;
  }

  /** No mirror is asked any more. */
  leaveMirrors(): void {
    this.#skip = undefined;
  }

  /** Takes a signal that came at `nowMs`. */
  receive(signal: StopSignal, nowMs: number = performance.now()): void {
    const sinceLastMs = nowMs - this.#lastMs;
    if (signal === 'SIGINT' && sinceLastMs < echoMs) return;
    this.#lastMs = nowMs;
    if (signal === 'SIGINT' && this.#skip !== undefined && !this.#skip.signal.aborted && sinceLastMs >= twiceMs) {
      this.#skip.abort(this.#toReason(signal));
      return;
    }
    this.#stoppedBy ??= signal;
    this.#stop.abort(this.#toReason(signal));
  }
}
