import type { ByteStream } from '../../core/byte-stream.ts';
import type { TrafficMeter } from '../traffic-meter.ts';
import type { ActivityWatch } from './activity-watch.ts';

/** Who is told of what happens to a streamed request body. */
export interface RequestSourceListener {
  readonly watch: ActivityWatch;
  readonly meter: TrafficMeter | undefined;
  /** The body threw; nothing more of it is sent. */
  failed(error: unknown): void;
}

/**
 * A streamed request body on its way to the dispatcher, which pulls a chunk whenever the socket has room. Chunks are
 * passed on as they are, one at a time.
 *
 * It never ends early: an end would complete the request, and the remote would take a truncated body as whole. After
 * {@link close} asking for more fails instead.
 */
export class RequestSource implements AsyncIterableIterator<Uint8Array> {
  readonly #iterator: AsyncIterator<Uint8Array>;
  readonly #listener: RequestSourceListener;
  #first: IteratorResult<Uint8Array, unknown> | undefined;
  #isClosed = false;
  #isDone = false;

  constructor(body: ByteStream, listener: RequestSourceListener) {
    this.#iterator = body[Symbol.asyncIterator]();
    this.#listener = listener;
  }

  /** Whether the body has been handed over to its end. */
  get isDone(): boolean {
    return this.#isDone;
  }

  /**
   * Waits for the first chunk, so that no connection is opened or kept waiting for a body that has not begun. Rejects
   * with the body's own error.
   */
  async begin(): Promise<void> {
    this.#first = await this.#pull();
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (this.#isClosed) throw new Error('the exchange this body belongs to has ended');
    const result = this.#first ?? (await this.#pull());
    this.#first = undefined;
    if (result.done === true) {
      this.#isDone = true;
      return { done: true, value: undefined };
    }
    this.#listener.meter?.sent(result.value.length);
    return { done: false, value: result.value };
  }

  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.close();
    return { done: true, value: undefined };
  }

  /** Releases what stands behind the body. Does not wait for it and never throws. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#isDone) return;
    try {
      this.#iterator.return?.().then(undefined, () => undefined);
    } catch {
      // A body that cannot even be released has nothing more to say: its exchange is over.
    }
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async #pull(): Promise<IteratorResult<Uint8Array, unknown>> {
    const { watch } = this.#listener;
    watch.sourceAsked();
    try {
      const result = await this.#iterator.next();
      watch.sourceAnswered(result.done === true);
      return result;
    } catch (error) {
      this.#isDone = true;
      watch.sourceAnswered(true);
      this.#listener.failed(error);
      throw error;
    }
  }
}
