/** A share of the limit is left free, since what a step weighs is a guess until it has been sent. */
const aim = 0.7;
const firstGuessBytesPerCommit = 16 * 1024;
const firstGuessBytesPerObject = 512;

/**
 * How many commits the next push of a batched bootstrap takes. Learns from every push: what went through tells what a
 * commit weighs here, what did not halves the step. With no limit known, steps grow until the target refuses one.
 */
export class BatchSize {
  #limitBytes: number;
  #step: number;
  #bytesPerObject = firstGuessBytesPerObject;

  /** @param limitBytes largest pack the target takes; Infinity when it has not said. */
  constructor(limitBytes: number, commits: number) {
    this.#limitBytes = limitBytes;
    const guess = limitBytes === Infinity ? Math.ceil(commits / 4) : (limitBytes * aim) / firstGuessBytesPerCommit;
    this.#step = Math.max(1, Math.floor(guess));
  }

  /** Largest pack the target is known or told to take. */
  get limitBytes(): number {
    return this.#limitBytes;
  }

  /** Commits to try next, at least 1. */
  get step(): number {
    return this.#step;
  }

  /** Whether a pack of so many objects would surely be too large, going by what objects have weighed so far. */
  isHopeless(objects: number): boolean {
    // Twice the expectation: the guess is allowed to be wrong, since sending too much costs no more than time.
    return objects * this.#bytesPerObject > 2 * this.#limitBytes;
  }

  /** A push of `commits` commits and `objects` objects went through with `bytes` bytes. */
  sent(commits: number, objects: number, bytes: number): void {
    if (objects > 0) this.#bytesPerObject = bytes / objects;
    const weight = Math.max(1, bytes / commits);
    const fitting = this.#limitBytes === Infinity ? Infinity : Math.floor((this.#limitBytes * aim) / weight);
    this.#step = Math.max(1, Math.min(fitting, Math.max(commits, this.#step) * 4));
  }

  /** A push of `commits` commits was too large. `bytes` had been sent when the target said so, if it did. */
  refused(commits: number, bytes: number | undefined): void {
    if (bytes !== undefined && bytes > 0) this.#limitBytes = Math.min(this.#limitBytes, bytes);
    this.#step = Math.max(1, Math.floor(commits / 2));
  }
}
