import { setImmediate } from 'node:timers/promises';

const sliceMs = 20;
const checkEvery = 256;

/**
 * Keeps a long synchronous loop from holding up the event loop: call `isOver` for each item, and `pause` when it says
 * so. The clock is looked at once in 256 items, or as soon as an item was much work.
 */
export class TimeSlice {
  readonly #signal: AbortSignal | undefined;
  #calls = 0;
  #startMs = performance.now();
  #work = 0;

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal;
  }

  /** @param work - bytes worked on so far, in all. */
  isOver(work = 0): boolean {
    this.#calls++;
    if (this.#calls % checkEvery !== 0 && work - this.#work < 1_000_000) return false;
    this.#work = work;
    return performance.now() - this.#startMs > sliceMs;
  }

  /** Lets other work run. @throws the reason of the signal, when it was aborted meanwhile. */
  async pause(): Promise<void> {
    await setImmediate();
    this.#signal?.throwIfAborted();
    this.#startMs = performance.now();
  }
}
