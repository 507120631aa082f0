/** Git looks at the clock once a second for counters without a total. */
const updateMs = 1000;

/**
 * One of git's progress lines: `Counting objects:  50% (1/2)` and so on, ended by CR while it goes on and by LF when it is
 * done. With a total, each new percentage is shown; without, the count once a second.
 */
export class ProgressLine {
  readonly #title: string;
  readonly #total: number;
  readonly #show: (text: string) => void;
  #done = 0;
  #percent = -1;
  #shownMs = performance.now();
  #shownLength = 0;

  /** @param total - 0 when it is not known. */
  constructor(title: string, total: number, show: (text: string) => void) {
    this.#title = title;
    this.#total = total;
    this.#show = show;
  }

  /** Says that `done` are done. Percentages that were passed over are shown too, as if each had been counted. */
  update(done: number): void {
    if (this.#total === 0) {
      this.#done = done;
      const now = performance.now();
      if (now - this.#shownMs < updateMs) return;
      this.#shownMs = now;
      this.#put(String(done), '\r');
      return;
    }
    let lines = '';
    while (this.#done < done) {
      // The next count at which the percentage is another one.
      const next = Math.max(this.#done + 1, Math.ceil(((this.#percent + 1) * this.#total) / 100));
      this.#done = Math.min(done, next);
      const percent = Math.floor((this.#done * 100) / this.#total);
      if (percent === this.#percent) continue;
      this.#percent = percent;
      lines += this.#format(this.#counted(), '\r');
    }
    if (lines !== '') this.#show(lines);
  }

  /** The last line. Nothing when there was never anything to count. */
  finish(done = this.#total === 0 ? this.#done : this.#total): void {
    this.update(done);
    this.#done = done;
    this.#put(this.#total === 0 ? String(done) : this.#counted(), ', done.\n');
  }

  #counted(): string {
    const percent = Math.floor((this.#done * 100) / this.#total);
    return `${String(percent).padStart(3)}% (${String(this.#done)}/${String(this.#total)})`;
  }

  #put(counters: string, end: string): void {
    this.#show(this.#format(counters, end));
  }

  #format(counters: string, end: string): string {
    // A shorter line covers what the longer one in front of it left on the screen.
    const clear = counters.length < this.#shownLength ? this.#shownLength - counters.length + 1 : 0;
    this.#shownLength = counters.length;
    return `${this.#title}: ${counters}${end.padStart(clear)}`;
  }
}
