import { TimeSlice } from '../pack/time-slice.ts';
import type { ObjectNumber } from '../repository/object-number.ts';
import { CommitFlags } from './commit-flags.ts';
import { CommitQueue } from './commit-queue.ts';
import type { CommitSlot, CommitTable } from './commit-table.ts';

/** Bits of the flags of a {@link CommitWalk}. */
export const commitFlag = {
  /** Behind something that was excluded. */
  uninteresting: 1,
  /** In the queue, or has been. */
  seen: 2,
  /** Its parents have been queued. */
  added: 4,
  /** Its parents are known to this walk. */
  parsed: 8,
  /** Has no parents, as far as this walk goes. */
  cut: 16,
  queued: 32,
  /** Was met as a parent, not named by the caller. */
  met: 64,
  /** Its tree has been handed out for thin packs. */
  edge: 128,
} as const;

/** Excluded commits that are looked at beyond the last included one: clocks differ. */
const slop = 5;

/**
 * Goes through history newest first and finds what is reachable from some commits and not from others, in the order and
 * with the very same answer as git's limited walk, which stops early: with clocks that are wrong it may include a commit
 * that it need not.
 */
export class CommitWalk {
  readonly table: CommitTable;
  readonly flags: CommitFlags;
  readonly #queue = new CommitQueue();
  readonly #pending: CommitSlot[] = [];
  #queuedInteresting = 0;
  #hasExcluded = false;
  /** Where the walk begins: sorted by `start`. */
  #tips: CommitSlot[] = [];

  /** @param cuts - commits whose parents do not count. */
  constructor(table: CommitTable, cuts: Iterable<ObjectNumber>) {
    this.table = table;
    this.flags = new CommitFlags(table.count + 1024);
    for (const number of cuts) this.flags.set(table.slotOf(number), commitFlag.cut);
  }

  /** Whether anything was excluded: then `run` lists what was included even if it turned out to be excluded later. */
  get hasExcluded(): boolean {
    return this.#hasExcluded;
  }

  /** The commits the walk began at, newest first. */
  get tips(): readonly CommitSlot[] {
    return this.#tips;
  }

  /** Parents of a commit that was parsed. */
  parentCount(slot: CommitSlot): number {
    return this.flags.has(slot, commitFlag.cut) ? 0 : this.table.parentCount(slot);
  }

  /** Reads a commit; false when it is not here. */
  parse(slot: CommitSlot): boolean {
    if (this.flags.has(slot, commitFlag.parsed)) return true;
    if (!this.table.read(slot)) return false;
    this.flags.set(slot, commitFlag.parsed);
    return true;
  }

  /**
   * Sets where to begin, in the order in which the caller was told of them. Those that are excluded carry the flag
   * `uninteresting` already.
   *
   * @throws GitMirrorError `GM_CORRUPT` when one is missing; the reason of `signal`.
   */
  async start(tips: Iterable<CommitSlot>, signal: AbortSignal): Promise<void> {
    const slice = new TimeSlice(signal);
    for (const slot of tips) {
      if (slice.isOver()) await slice.pause();
      if (!this.parse(slot)) this.table.require(slot);
      if (this.flags.has(slot, commitFlag.uninteresting)) {
        this.#excludeParents(slot);
        this.#hasExcluded = true;
      }
      if (this.flags.has(slot, commitFlag.seen)) continue;
      this.flags.set(slot, commitFlag.seen);
      this.#tips.push(slot);
    }
    const { table } = this;
    this.#tips.sort((left, right) => table.timeOf(right) - table.timeOf(left));
    for (const slot of this.#tips) this.#push(slot);
  }

  /**
   * Walks. Hands each commit that is included to `onCommit`, newest first; it may still become uninteresting before the
   * walk ends when something was excluded.
   *
   * @param oldestTime - commits before this time count as excluded
   * @throws GitMirrorError `GM_CORRUPT` when history has a hole; the reason of `signal`.
   */
  async run(onCommit: (slot: CommitSlot) => void, signal: AbortSignal, oldestTime = -Infinity): Promise<void> {
    const slice = new TimeSlice(signal);
    const { table, flags } = this;
    let lastTime = Infinity;
    let left = slop;
    for (let slot = this.#pop(); slot >= 0; slot = this.#pop()) {
      if (slice.isOver()) await slice.pause();
      const time = table.timeOf(slot);
      if (time < oldestTime) {
        // Without anything excluded git only passes over it, parents included.
        if (!this.#hasExcluded) continue;
        flags.set(slot, commitFlag.uninteresting);
      }
      this.#addParents(slot);
      if (flags.has(slot, commitFlag.uninteresting)) {
        this.#excludeParents(slot);
        if (this.#queue.size === 0) break;
        if (lastTime <= this.#queue.firstTime || this.#queuedInteresting > 0) left = slop;
        else left--;
        if (left === 0) break;
        continue;
      }
      lastTime = time;
      onCommit(slot);
    }
  }

  #addParents(slot: CommitSlot): void {
    const { table, flags } = this;
    if (flags.has(slot, commitFlag.added)) return;
    flags.set(slot, commitFlag.added);
    const isExcluded = flags.has(slot, commitFlag.uninteresting);
    const count = this.parentCount(slot);
    for (let index = 0; index < count; index++) {
      const parent = table.parentOf(slot, index);
      if (isExcluded) this.#exclude(parent);
      if (!this.parse(parent)) {
        if (!isExcluded) table.require(parent);
        continue;
      }
      if (isExcluded) this.#excludeParents(parent);
      if (flags.has(parent, commitFlag.seen)) continue;
      flags.set(parent, commitFlag.seen | commitFlag.met);
      this.#push(parent);
    }
  }

  /** Marks everything behind a commit that has been met so far. */
  #excludeParents(slot: CommitSlot): void {
    const pending = this.#pending;
    this.#pushParents(slot);
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      if (this.flags.has(next, commitFlag.uninteresting)) continue;
      this.#exclude(next);
      if (this.flags.has(next, commitFlag.parsed)) this.#pushParents(next);
    }
  }

  #pushParents(slot: CommitSlot): void {
    const count = this.parentCount(slot);
    for (let index = 0; index < count; index++) this.#pending.push(this.table.parentOf(slot, index));
  }

  #exclude(slot: CommitSlot): void {
    const { flags } = this;
    if (flags.has(slot, commitFlag.uninteresting)) return;
    flags.set(slot, commitFlag.uninteresting);
    if (flags.has(slot, commitFlag.queued)) this.#queuedInteresting--;
  }

  #push(slot: CommitSlot): void {
    const { flags } = this;
    flags.set(slot, commitFlag.queued);
    if (!flags.has(slot, commitFlag.uninteresting)) this.#queuedInteresting++;
    this.#queue.push(slot, this.table.timeOf(slot));
  }

  #pop(): CommitSlot {
    const slot = this.#queue.pop();
    if (slot < 0) return slot;
    this.flags.clear(slot, commitFlag.queued);
    if (!this.flags.has(slot, commitFlag.uninteresting)) this.#queuedInteresting--;
    return slot;
  }
}
