/** Lets a bounded number of requests in at a time; the rest are turned away at once. */
export class RequestGate {
  readonly #capacity: number;
  #active = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get active(): number {
    return this.#active;
  }

  /** Takes a place and returns what gives it back (once; later calls do nothing), or undefined when all are taken. */
  enter(): (() => void) | undefined {
    if (this.#active >= this.#capacity) return undefined;
    this.#active += 1;
    let isInside = true;
    return () => {
      if (isInside) this.#active -= 1;
      isInside = false;
    };
  }
}
