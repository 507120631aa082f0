/**
 * Counts the time in which only the remote could have moved an exchange on, and calls back when it has been too long.
 *
 * Time in which this side is the slow one does not count: while the request body's source is being waited for, and
 * while nobody asks for the answer.
 */
export class ActivityWatch {
  readonly #timeoutMs: number;
  readonly #expire: () => void;
  #timer: NodeJS.Timeout | undefined;
  #lastMs = performance.now();
  #awaitsSource = false;
  #awaitsHeaders = true;
  #awaitsAnswer = false;
  #sending = false;

  /** `timeoutMs` of 0 never expires. Starts counting at once. */
  constructor(timeoutMs: number, expire: () => void) {
    this.#timeoutMs = timeoutMs;
    this.#expire = expire;
    if (timeoutMs > 0) this.#arm(timeoutMs);
  }

  /** The source of the request body is asked for a chunk. */
  sourceAsked(): void {
    this.#sending = true;
    this.#awaitsSource = true;
  }

  /** It gave one, which goes to the remote now; or it ended, if `last`. */
  sourceAnswered(last: boolean): void {
    this.#touch();
    this.#awaitsSource = false;
    this.#sending = !last;
  }

  /** The answer's headers are there. */
  headersArrived(): void {
    this.#touch();
    this.#awaitsHeaders = false;
  }

  /** The caller asks for the next chunk of the answer. */
  answerAsked(): void {
    this.#touch();
    this.#awaitsAnswer = true;
  }

  /** It got one, or the end. */
  answerGiven(): void {
    this.#touch();
    this.#awaitsAnswer = false;
  }

  /** Stops for good. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  get #awaitsRemote(): boolean {
    return !this.#awaitsSource && (this.#awaitsHeaders || this.#sending || this.#awaitsAnswer);
  }

  #touch(): void {
    this.#lastMs = performance.now();
  }

  #arm(delayMs: number): void {
    this.#timer = setTimeout(() => {
      if (!this.#awaitsRemote) this.#touch();
      const leftMs = this.#lastMs + this.#timeoutMs - performance.now();
      if (leftMs > 0) {
        this.#arm(leftMs);
        return;
      }
      this.#timer = undefined;
      this.#expire();
    }, delayMs);
    this.#timer.unref();
  }
}
