/** Runs at most so many tasks at one time; the others wait in the order they came. */
export class TaskGate {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(capacity: number) {
    this.#free = capacity;
  }

  /** Runs `task` when there is a place. */
  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    try {
      return await task();
    } finally {
      const next = this.#waiting.shift();
      // The place goes to the next one directly, so that nobody slips in between.
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}
