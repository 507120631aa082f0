import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import type { Readable } from 'node:stream';
import { limits } from '../../core/limits.ts';
import type { TrafficMeter } from '../traffic-meter.ts';
import type { ActivityWatch } from './activity-watch.ts';

/** How long the unread end of an answer may keep a release waiting, in milliseconds. */
const drainMs = 100;

/** The exchange an answer belongs to. */
export interface AnswerOwner {
  readonly watch: ActivityWatch;
  readonly meter: TrafficMeter | undefined;
  /** Whether the request body is still on its way. */
  isSending(): boolean;
  /** The error the caller gets for one that reading threw. */
  explain(error: unknown): unknown;
  /** The exchange is over: everything of it that is not complete is torn down. */
  end(): void;
}

/**
 * The body of an answer. A chunk is owned by the caller. Rejects with what ended the exchange: a signal's reason, the
 * error of the request's body, or an error of {@link networkError}; an answer cut short is `GM_NETWORK`.
 */
export class AnswerStream implements AsyncIterableIterator<Uint8Array> {
  readonly #readable: Readable;
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #owner: AnswerOwner;
  #isOver = false;

  constructor(readable: Readable, owner: AnswerOwner) {
    this.#readable = readable;
    this.#chunks = readable[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
    this.#owner = owner;
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (this.#isOver) return { done: true, value: undefined };
    const { watch, meter } = this.#owner;
    watch.answerAsked();
    try {
      const result = await this.#chunks.next();
      watch.answerGiven();
      if (result.done === true) {
        this.#finish();
        // The dispatcher offers a connection again one turn later; a request sent before that would open another.
        await nextTurn();
        return { done: true, value: undefined };
      }
      meter?.received(result.value.length);
      return result;
    } catch (error) {
      const explained = this.#owner.explain(error);
      this.#finish();
      throw explained;
    }
  }

  /**
   * Ends the reading. When all that is missing is a short rest that arrives at once, it is read, so that the connection
   * can be used again; otherwise the connection is cut.
   */
  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (!this.#isOver) {
      if (!this.#owner.isSending()) await Promise.race([this.#drain(), delay(drainMs, undefined, { ref: false })]);
      this.#finish();
      await nextTurn();
    }
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async #drain(): Promise<void> {
    try {
      for (let left: number = limits.maxDrainBytes; left > 0;) {
        const result = await this.#chunks.next();
        if (result.done === true) return;
        left -= result.value.length;
      }
    } catch {
      // The rest was not wanted anyway.
    }
  }

  #finish(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#owner.end();
    this.#readable.destroy();
  }
}
