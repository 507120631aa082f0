import type { CommitSlot } from './commit-table.ts';

/** Commits by time, newest first; of equal ones the one that came first. */
export class CommitQueue {
  #size = 0;
  #arrivals = 0;
  #slots = new Int32Array(64);
  #times = new Float64Array(64);
  #orders = new Float64Array(64);

  get size(): number {
    return this.#size;
  }

  /** Time of the first commit. */
  get firstTime(): number {
    return this.#times[0] ?? 0;
  }

  push(slot: CommitSlot, time: number): void {
    if (this.#size === this.#slots.length) this.#grow();
    const order = this.#arrivals++;
    let at = this.#size++;
    while (at > 0) {
      const above = (at - 1) >>> 1;
      // What arrives last goes behind its equals.
      if ((this.#times[above] ?? 0) >= time) break;
      this.#move(above, at);
      at = above;
    }
    this.#slots[at] = slot;
    this.#times[at] = time;
    this.#orders[at] = order;
  }

  /** Takes the first commit out; -1 when there is none. */
  pop(): CommitSlot {
    if (this.#size === 0) return -1;
    const first = this.#slots[0] ?? -1;
    const last = --this.#size;
    const time = this.#times[last] ?? 0;
    const order = this.#orders[last] ?? 0;
    const slot = this.#slots[last] ?? -1;
    let at = 0;
    for (;;) {
      let below = at * 2 + 1;
      if (below >= last) break;
      if (below + 1 < last && this.#isBefore(below + 1, this.#times[below] ?? 0, this.#orders[below] ?? 0)) below++;
      if (!this.#isBefore(below, time, order)) break;
      this.#move(below, at);
      at = below;
    }
    this.#slots[at] = slot;
    this.#times[at] = time;
    this.#orders[at] = order;
    return first;
  }

  #isBefore(at: number, time: number, order: number): boolean {
    const own = this.#times[at] ?? 0;
    return own > time || (own === time && (this.#orders[at] ?? 0) < order);
  }

  #move(from: number, to: number): void {
    this.#slots[to] = this.#slots[from] ?? -1;
    this.#times[to] = this.#times[from] ?? 0;
    this.#orders[to] = this.#orders[from] ?? 0;
  }

  #grow(): void {
    const capacity = this.#slots.length * 2;
    const slots = new Int32Array(capacity);
    const times = new Float64Array(capacity);
    const orders = new Float64Array(capacity);
    slots.set(this.#slots);
    times.set(this.#times);
    orders.set(this.#orders);
    this.#slots = slots;
    this.#times = times;
    this.#orders = orders;
  }
}
