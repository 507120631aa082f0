/**
 * The input of an exchange, asked for from another thread one piece at a time: a client that sends fast is slowed down by
 * whoever reads.
 */
export class PulledInput implements AsyncIterable<Uint8Array> {
  readonly #pull: () => void;
  #waiting: PromiseWithResolvers<Uint8Array | undefined> | undefined;
  #failure: { readonly reason: unknown } | undefined;
  #isOver = false;

  /** @param pull - asks for the next piece, which then comes by {@link push}. */
  constructor(pull: () => void) {
    this.#pull = pull;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, void> {
    for (;;) {
      const chunk = await this.#next();
      if (chunk === undefined) return;
      yield chunk;
    }
  }

  /** The piece that was asked for; undefined at the end. */
  push(chunk: Uint8Array | undefined): void {
    if (chunk === undefined) this.#isOver = true;
    this.#waiting?.resolve(chunk);
    this.#waiting = undefined;
  }

  /** The input cannot be completed. */
  fail(reason: unknown): void {
    this.#failure ??= { reason };
    this.#waiting?.promise.catch(() => undefined);
    this.#waiting?.reject(reason);
    this.#waiting = undefined;
  }

  #next(): Promise<Uint8Array | undefined> {
    const waiting = Promise.withResolvers<Uint8Array | undefined>();
    if (this.#failure !== undefined) waiting.reject(this.#failure.reason);
    else if (this.#isOver) waiting.resolve(undefined);
    else {
      this.#waiting = waiting;
      this.#pull();
    }
    return waiting.promise;
  }
}
