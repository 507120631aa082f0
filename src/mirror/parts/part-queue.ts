import type { MirrorLane } from './mirror-lane.ts';
import type { Part } from './part.ts';

/** A mirror is at a part. */
interface Errand {
  readonly lane: MirrorLane;
  readonly startMs: number;
  readonly startBytes: number;
  /** All bytes are here; what is still done is done on this machine. */
  isReceived: boolean;
}

/**
 * Somebody who has nothing else to do takes a part over from whoever is so many times slower, after so long: a server that is
 * still preparing its pack is no slow one, and a part that comes twice is a burden on two of them.
 */
const stragglerFactor = 4;
const stragglerMs = 30_000;

/** The parts of a plan, given out to mirrors. Changed by nobody else. */
export class PartQueue {
  readonly #parts: Part[];
  readonly #lanes: readonly MirrorLane[];
  /** By part: one, or two when one has been overtaken. */
  readonly #errands = new Map<number, readonly Errand[]>();
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

  /**
   * Number of the next part for `lane`; waits while others may still fail. Undefined: there is nothing for it any more. A
   * part that a much slower mirror is at may be given a second time, when nothing else is left: whoever is first has it.
   */
  async take(lane: MirrorLane): Promise<number | undefined> {
    while (lane.leftReason === undefined) {
      const index = this.#order().find((candidate) => this.#mayGive(lane, candidate)) ?? this.#findStraggler(lane);
      if (index !== undefined) {
        const errand = { lane, startMs: performance.now(), startBytes: lane.bytes, isReceived: false };
        this.#errands.set(index, [...this.#errandsOf(index), errand]);
        return index;
      }
      if (this.#errands.size === 0) return undefined;
      await this.#changeOrSecond();
    }
    return undefined;
  }

  /** All bytes of part `index` have come from `lane`. */
  markReceived(index: number, lane: MirrorLane): void {
    for (const errand of this.#errandsOf(index)) if (errand.lane === lane) errand.isReceived = true;
  }

  /** Part `index` is here. Whoever else is at it stops. */
  finish(index: number, pack: string, lane: MirrorLane): void {
    const part = this.#parts[index];
    if (part !== undefined) this.#parts[index] = { ...part, pack, from: lane.displayUrl };
    for (const other of this.#errandsOf(index)) if (other.lane !== lane && !other.isReceived) other.lane.interrupt();
    this.#release(index, lane);
  }

  /** Part `index` did not come from `lane`; somebody else may have it. */
  giveBack(index: number, lane: MirrorLane, options: { readonly isRefused: boolean }): void {
    if (options.isRefused) this.#refused.add(this.#key(lane, index));
    this.#release(index, lane);
  }

  /** Whether part `index` is here. */
  isHere(index: number): boolean {
    return this.#parts[index]?.pack !== undefined;
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
    const indexes = [...this.#parts.keys()];
    indexes.unshift(...indexes.splice(-1));
    return indexes.filter((index) => !this.isHere(index) && !this.#errands.has(index));
  }

  #findStraggler(lane: MirrorLane): number | undefined {
    for (const [index, [errand, ...more]] of this.#errands) {
      if (errand === undefined || more.length > 0 || errand.isReceived || errand.lane === lane) continue;
      const elapsedMs = performance.now() - errand.startMs;
      if (elapsedMs < stragglerMs || !this.#mayGive(lane, index)) continue;
      const rate = ((errand.lane.bytes - errand.startBytes) * 1000) / elapsedMs;
      if (rate * stragglerFactor < lane.bytesPerSecond) return index;
    }
    return undefined;
  }

  #errandsOf(index: number): readonly Errand[] {
    return this.#errands.get(index) ?? [];
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

  #release(index: number, lane: MirrorLane): void {
    const others = this.#errandsOf(index).filter((errand) => errand.lane !== lane);
    if (others.length === 0) this.#errands.delete(index);
    else this.#errands.set(index, others);
    this.#change.resolve(undefined);
    this.#change = Promise.withResolvers<undefined>();
  }

  /** Slowness shows without any event. */
  async #changeOrSecond(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const second = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, 1000);
    });
    await Promise.race([this.#change.promise, second]);
    clearTimeout(timer);
  }
}
