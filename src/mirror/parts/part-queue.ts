import type { MirrorLane } from './mirror-lane.ts';
import type { Part } from './part.ts';

/** The parts of a plan, given out to mirrors. Changed by nobody else. */
export class PartQueue {
  readonly #parts: Part[];
  readonly #lanes: readonly MirrorLane[];
  readonly #running = new Set<number>();
  /** Parts that a mirror said it does not have, as `lane:part`. */
  readonly #refused = new Set<string>();
  #change = Promise.withResolvers<undefined>();

  constructor(parts: readonly Part[], lanes: readonly MirrorLane[]) {
    this.#parts = [...parts];
    this.#lanes = lanes;
  }

  get parts(): readonly Part[] {
    return this.#parts;
  }

  /** How many parts from the first one on are here, without a gap. */
  get completeCount(): number {
    const gap = this.#parts.findIndex(({ pack }) => pack === undefined);
    return gap < 0 ? this.#parts.length : gap;
  }

  /** Number of the next part for `lane`; waits while others may still fail. Undefined: there is nothing for it any more. */
  async take(lane: MirrorLane): Promise<number | undefined> {
    while (lane.leftReason === undefined) {
      const index = this.#order().find((candidate) => this.#mayGive(lane, candidate));
      if (index !== undefined) {
        this.#running.add(index);
        return index;
      }
      if (this.#running.size === 0) return undefined;
      await this.#change.promise;
    }
    return undefined;
  }

  /** Part `index` is here. */
  finish(index: number, pack: string, lane: MirrorLane): void {
    const part = this.#parts[index];
    if (part !== undefined) this.#parts[index] = { ...part, pack, from: lane.displayUrl };
    this.#release(index);
  }

  /** Part `index` did not come; somebody else may have it. */
  giveBack(index: number, lane: MirrorLane, options: { readonly isRefused: boolean }): void {
    if (options.isRefused) this.#refused.add(this.#key(lane, index));
    this.#release(index);
  }

  /** Whether some mirror that is still asked shows every tip of the part. */
  isOffered(index: number): boolean {
    return this.#lanes.some((lane) => lane.leftReason === undefined && this.#shows(lane, index));
  }

  /** Whether some mirror that is still asked may have the part. */
  canBeHad(index: number): boolean {
    return this.#lanes.some((lane) => lane.leftReason === undefined && this.#mayGive(lane, index));
  }

  /** The last part is the largest as a rule, so it begins first; then from the first one on, so that what is here joins. */
  #order(): readonly number[] {
    const last = this.#parts.length - 1;
    const indexes = [last, ...this.#parts.keys()];
    return indexes.filter((index) => this.#parts[index]?.pack === undefined && !this.#running.has(index));
  }

  #mayGive(lane: MirrorLane, index: number): boolean {
    if (this.#refused.has(this.#key(lane, index))) return false;
    return this.#shows(lane, index) || (lane.canWantAnyReachable && !this.isOffered(index));
  }

  #shows(lane: MirrorLane, index: number): boolean {
    return this.#parts[index]?.tips.every((oid) => lane.offer.has(oid)) === true;
  }

  #key(lane: MirrorLane, index: number): string {
    return `${String(this.#lanes.indexOf(lane))}:${String(index)}`;
  }

  #release(index: number): void {
    this.#running.delete(index);
    this.#change.resolve(undefined);
    this.#change = Promise.withResolvers<undefined>();
  }
}
