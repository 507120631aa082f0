import { TimeSlice } from '../pack/time-slice.ts';
import type { ObjectNumber } from '../repository/object-number.ts';
import { CommitFlags } from './commit-flags.ts';
import { numberForOid, type CommitSlot, type CommitTable } from './commit-table.ts';
import { commitFlag, CommitWalk } from './commit-walk.ts';
import { peel, peelToCommit } from './peel.ts';
import type { Repository } from '../repository/repository.ts';

export { peelToCommit } from './peel.ts';

/** Bits of the flags of {@link CommonHaves}. */
const flag = { theyHave: 1, cut: 2, visited: 4, reaches: 8 } as const;

/**
 * What a client has that we have too, while negotiating (gitprotocol-pack, "Packfile Negotiation"), and whether that is
 * enough to make a pack.
 */
export class CommonHaves {
  readonly #table: CommitTable;
  readonly #flags: CommitFlags;
  readonly #others = new Set<ObjectNumber>();
  readonly #numbers: ObjectNumber[] = [];
  #oldestTime = 0;
  #wanted: { readonly wants: readonly ObjectNumber[]; readonly commits: readonly CommitSlot[] } | undefined;
  /** How many haves there were when they were found not to be enough, and for which wants. */
  #notEnough: { readonly haves: number; readonly wants: readonly ObjectNumber[] } | undefined;

  /** @param cuts - commits whose parents do not count: the server's shallow ones, and those agreed on so far. */
  constructor(table: CommitTable, cuts: Iterable<ObjectNumber> = []) {
    this.#table = table;
    this.#flags = new CommitFlags(table.count);
    for (const number of cuts) this.#flags.set(table.slotOf(number), flag.cut);
  }

  /** The haves that say something new, in their order: the ones behind which the client lacks nothing. */
  get numbers(): readonly ObjectNumber[] {
    return this.#numbers;
  }

  /**
   * Takes note of an object that both sides have. False when that was known, because it is a parent of another.
   *
   * @throws GitMirrorError `GM_CORRUPT` when it is damaged.
   */
  add(number: ObjectNumber): boolean {
    if (this.#table.database.typeOf(number) !== 'commit') {
      if (this.#others.has(number)) return false;
      this.#others.add(number);
      this.#numbers.push(number);
      return true;
    }
    const slot = this.#table.slotOf(number);
    this.#table.require(slot);
    const time = this.#table.timeOf(slot);
    if (this.#oldestTime === 0 || time < this.#oldestTime) this.#oldestTime = time;
    const count = this.#parentCount(slot);
    for (let index = 0; index < count; index++) this.#flags.set(this.#table.parentOf(slot, index), flag.theyHave);
    if (this.#flags.has(slot, flag.theyHave)) return false;
    this.#flags.set(slot, flag.theyHave);
    this.#numbers.push(number);
    return true;
  }

  /**
   * Whether every wanted commit has something behind it that the client has: then git-upload-pack says `ready`. History
   * older than the oldest have is not looked at.
   *
   * @throws the reason of `signal`.
   */
  async okToGiveUp(wants: readonly ObjectNumber[], signal: AbortSignal): Promise<boolean> {
    if (this.#numbers.length === 0) return false;
    const known = this.#notEnough;
    if (known?.wants === wants && known.haves === this.#numbers.length) return false;
    const touched: CommitSlot[] = [];
    try {
      const slice = new TimeSlice(signal);
      for (const slot of await this.#commitsOf(wants, slice)) {
        if (this.#table.read(slot) && (await this.#reaches(slot, touched, slice))) continue;
        this.#notEnough = { haves: this.#numbers.length, wants };
        return false;
      }
      return true;
    } finally {
      for (const slot of touched) this.#flags.clear(slot, flag.visited | flag.reaches);
    }
  }

  /** The commits behind the wants; what is none cannot be told anything about. Remembered while they stay the same. */
  async #commitsOf(wants: readonly ObjectNumber[], slice: TimeSlice): Promise<readonly CommitSlot[]> {
    if (this.#wanted?.wants === wants) return this.#wanted.commits;
    const commits: CommitSlot[] = [];
    for (const want of wants) {
      if (slice.isOver()) await slice.pause();
      const number = peelToCommit(this.#table.database, want);
      if (number >= 0) commits.push(this.#table.slotOf(number));
    }
    this.#wanted = { wants, commits };
    return commits;
  }

  /** Depth first, each commit once for all wants. */
  async #reaches(start: CommitSlot, touched: CommitSlot[], slice: TimeSlice): Promise<boolean> {
    const flags = this.#flags;
    const enough = flag.theyHave | flag.reaches;
    const visit = (slot: CommitSlot): void => {
      flags.set(slot, flag.visited);
      touched.push(slot);
    };
    visit(start);
    const stack = [start];
    for (let slot = stack.at(-1); slot !== undefined; slot = stack.at(-1)) {
      if (slice.isOver()) await slice.pause();
      if (flags.has(slot, enough)) {
        stack.pop();
        const below = stack.at(-1);
        if (below !== undefined) flags.set(below, flag.reaches);
        continue;
      }
      const next = this.#nextParent(slot, visit);
      if (next < 0) stack.pop();
      else stack.push(next);
    }
    return flags.has(start, enough);
  }

  /** The first parent that is to be gone into, or -1; what is told of parents on the way is kept. */
  #nextParent(slot: CommitSlot, visit: (slot: CommitSlot) => void): CommitSlot {
    const flags = this.#flags;
    const table = this.#table;
    const count = this.#parentCount(slot);
    for (let index = 0; index < count; index++) {
      const parent = table.parentOf(slot, index);
      if (flags.has(parent, flag.theyHave | flag.reaches)) flags.set(slot, flag.reaches);
      if (flags.has(parent, flag.visited)) continue;
      visit(parent);
      if (table.read(parent) && table.timeOf(parent) >= this.#oldestTime) return parent;
    }
    return -1;
  }

  #parentCount(slot: CommitSlot): number {
    return this.#flags.has(slot, flag.cut) ? 0 : this.#table.parentCount(slot);
  }
}

/**
 * Whether all commits among `targets` (tags taken off) are behind `tips`: what uploadpack.allowReachableSHA1InWant asks.
 * Like git, which asks rev-list, it lets trees and blobs pass.
 *
 * @throws the reason of `signal`.
 */
export async function isReachableFrom(
  repository: Repository,
  table: CommitTable,
  tips: Iterable<ObjectNumber>,
  targets: readonly ObjectNumber[],
  signal: AbortSignal,
): Promise<boolean> {
  const listed = await listUnreachable(repository, table, tips, targets, signal);
  return listed?.length === 0;
}

/** Commits at or behind `targets` that are not behind `tips`; undefined when an object is missing. */
export async function listUnreachable(
  repository: Repository,
  table: CommitTable,
  tips: Iterable<ObjectNumber>,
  targets: Iterable<ObjectNumber>,
  signal: AbortSignal,
): Promise<CommitSlot[] | undefined> {
  const { database } = table;
  const walk = new CommitWalk(
    table,
    repository.shallow.map((oid) => numberForOid(database, oid)),
  );
  const slice = new TimeSlice(signal);
  const starts: CommitSlot[] = [];
  for (const tip of tips) {
    if (slice.isOver()) await slice.pause();
    const commit = peelToCommit(database, tip);
    if (commit < 0) continue;
    walk.flags.set(table.slotOf(commit), commitFlag.uninteresting);
    starts.push(table.slotOf(commit));
  }
  for (const target of targets) {
    if (slice.isOver()) await slice.pause();
    const peeled = peel(database, target);
    if (peeled === undefined) return undefined;
    if (peeled.type === 'commit') starts.push(table.slotOf(peeled.number));
  }
  const listed: CommitSlot[] = [];
  await walk.start(starts, signal);
  await walk.run((slot) => listed.push(slot), signal);
  return listed.filter((slot) => !walk.flags.has(slot, commitFlag.uninteresting));
}
