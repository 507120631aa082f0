import { GitMirrorError } from '../core/error.ts';
import { TimeSlice } from '../pack/time-slice.ts';
import type { ObjectNumber } from '../repository/object-number.ts';
import type { Repository } from '../repository/repository.ts';
import { CommitFlags } from './commit-flags.ts';
import { numberForOid, type CommitSlot, type CommitTable } from './commit-table.ts';
import { commitFlag, CommitWalk } from './commit-walk.ts';
import { peelToCommit } from './peel.ts';
import { listUnreachable } from './reachability.ts';

/** The depth that stands for all of history (gitprotocol-pack, `deepen 2147483647`). */
export const infiniteDepth = 0x7fff_ffff;

/** What a client says about where its history is cut, and where it is to be cut. */
export interface ShallowRequest {
  readonly wants: readonly ObjectNumber[];
  /** Commits without parents at the client, in the order of its `shallow` lines. */
  readonly clientShallow: readonly ObjectNumber[];
  /** `deepen`: commits of each line that the client gets, from 1. */
  readonly deepen?: number | undefined;
  /** `deepen-relative`: `deepen` counts from where the client's history ends. */
  readonly deepenRelative?: boolean | undefined;
  /** `deepen-since`: seconds since 1970. */
  readonly deepenSince?: number | undefined;
  /** `deepen-not`: what the refs lead to. */
  readonly deepenNot?: readonly ObjectNumber[] | undefined;
  /** What the refs lead to that the client may see, for `deepen-relative`. */
  readonly ourTips?: () => Iterable<ObjectNumber>;
}

/** The lines of `shallow-info` (gitprotocol-v2), in the order in which git sends them; some may come twice. */
export interface ShallowUpdate {
  /** New commits without parents: the `boundary` of a selection. */
  readonly shallow: readonly ObjectNumber[];
  /** Commits whose parents the client gets now: the `unshallowed` of a selection. */
  readonly unshallow: readonly ObjectNumber[];
}

const flag = { shallow: 1, notShallow: 2 } as const;

/**
 * Finds where the client's history is to end. Without any deepening there is nothing to tell; git asks for
 * {@link infiniteDepth} itself when the server's own history is cut.
 *
 * @throws GitMirrorError `GM_PROTOCOL` in git's words when nothing is left; `GM_CORRUPT` for missing commits; the reason of
 * `signal`.
 */
export async function computeShallow(
  repository: Repository,
  table: CommitTable,
  request: ShallowRequest,
  signal: AbortSignal,
): Promise<ShallowUpdate> {
  const { clientShallow, deepen = 0, deepenSince, deepenNot = [] } = request;
  const flags = new CommitFlags(table.count);
  if (deepen > 0) {
    if (deepen === infiniteDepth && repository.shallow.length === 0) return { shallow: [], unshallow: clientShallow };
    const byDepth = new DepthWalk(repository, table, flags, signal);
    if (request.deepenRelative === true) {
      await byDepth.run(await reachableShallow(repository, table, request, signal), deepen + 1);
    } else {
      await byDepth.run(request.wants, deepen);
    }
    return updateOf(table, flags, clientShallow, byDepth.ends.reverse());
  }
  if (deepenSince === undefined && deepenNot.length === 0) return { shallow: [], unshallow: [] };
  const ends = await endsByAge(repository, table, request, flags, signal);
  return updateOf(table, flags, clientShallow, ends);
}

function updateOf(
  table: CommitTable,
  flags: CommitFlags,
  clientShallow: readonly ObjectNumber[],
  ends: readonly CommitSlot[],
): ShallowUpdate {
  const known = new Set(clientShallow);
  const numbers = ends.filter((slot) => !flags.has(slot, flag.notShallow)).map((slot) => table.numberOf(slot));
  return {
    shallow: numbers.filter((number) => !known.has(number)),
    unshallow: clientShallow.filter((number) => flags.has(table.slotOf(number), flag.notShallow)),
  };
}

/** Walks down from some commits, counting; a commit that is reached on a shorter way is gone through again. */
class DepthWalk {
  /** Commits at which history ends, in the order in which they were met, each as often as it was. */
  readonly ends: CommitSlot[] = [];
  readonly #table: CommitTable;
  readonly #flags: CommitFlags;
  readonly #serverCuts: ReadonlySet<CommitSlot>;
  readonly #signal: AbortSignal;
  #depths = new Int32Array(0);

  constructor(repository: Repository, table: CommitTable, flags: CommitFlags, signal: AbortSignal) {
    this.#table = table;
    this.#flags = flags;
    this.#signal = signal;
    this.#serverCuts = new Set(repository.shallow.map((oid) => table.slotOf(numberForOid(table.database, oid))));
  }

  async run(heads: readonly ObjectNumber[], depth: number): Promise<void> {
    const slice = new TimeSlice(this.#signal);
    const stack: CommitSlot[] = [];
    for (const head of heads) {
      const number = peelToCommit(this.#table.database, head);
      if (number < 0) continue;
      const start = this.#table.slotOf(number);
      this.#setDepth(start, 0);
      for (let slot = start; slot >= 0; slot = this.#step(slot, depth, stack)) {
        if (slice.isOver()) await slice.pause();
      }
    }
    // What was put aside comes last, as in git: all heads go first.
    for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
      for (let slot = top; slot >= 0; slot = this.#step(slot, depth, stack)) {
        if (slice.isOver()) await slice.pause();
      }
    }
  }

  /** Deals with one commit; returns its last parent when that is next. The other parents go onto the stack. */
  #step(slot: CommitSlot, depth: number, stack: CommitSlot[]): CommitSlot {
    this.#table.require(slot);
    const depthHere = (this.#depths[slot] ?? 0) + 1;
    if ((depth !== infiniteDepth && depthHere >= depth) || this.#serverCuts.has(slot)) {
      this.ends.push(slot);
      this.#flags.set(slot, flag.shallow);
      return -1;
    }
    this.#flags.set(slot, flag.notShallow);
    const count = this.#table.parentCount(slot);
    let next = -1;
    for (let index = 0; index < count; index++) {
      const parent = this.#table.parentOf(slot, index);
      const known = this.#depths[parent] ?? -1;
      if (known >= 0 && depthHere >= known) continue;
      this.#setDepth(parent, depthHere);
      if (index < count - 1) stack.push(parent);
      else next = parent;
    }
    return next;
  }

  #setDepth(slot: CommitSlot, depth: number): void {
    if (slot >= this.#depths.length) {
      const larger = new Int32Array(Math.max(256, this.#table.count, slot * 2)).fill(-1);
      larger.set(this.#depths);
      this.#depths = larger;
    }
    this.#depths[slot] = depth;
  }
}

/** The client's ends that lie behind our refs, which is where a relative depth counts from. */
async function reachableShallow(
  repository: Repository,
  table: CommitTable,
  request: ShallowRequest,
  signal: AbortSignal,
): Promise<ObjectNumber[]> {
  const tips = [...(request.ourTips?.() ?? [])];
  const isTip = new Set(tips);
  const others = request.clientShallow.filter((number) => !isTip.has(number));
  const unreachable = new Set(await listUnreachable(repository, table, tips, others, signal));
  return [
    ...request.clientShallow.filter((number) => isTip.has(number)),
    ...others.filter((number) => !unreachable.has(table.slotOf(number))),
  ];
}

/** Where history ends when it is cut by time or by what is behind other refs: commits that have a parent outside. */
async function endsByAge(
  repository: Repository,
  table: CommitTable,
  { wants, deepenSince, deepenNot = [] }: ShallowRequest,
  flags: CommitFlags,
  signal: AbortSignal,
): Promise<CommitSlot[]> {
  const { database } = table;
  const walk = new CommitWalk(
    table,
    repository.shallow.map((oid) => numberForOid(database, oid)),
  );
  const slotsOf = (numbers: readonly ObjectNumber[]): CommitSlot[] =>
    numbers
      .map((number) => peelToCommit(database, number))
      .filter((number) => number >= 0)
      .map((number) => table.slotOf(number));
  const excluded = slotsOf(deepenNot);
  for (const slot of excluded) walk.flags.set(slot, commitFlag.uninteresting);
  await walk.start([...excluded, ...slotsOf(wants)], signal);
  const listed: CommitSlot[] = [];
  await walk.run((slot) => listed.push(slot), signal, deepenSince);
  const included = listed.filter((slot) => !walk.flags.has(slot, commitFlag.uninteresting));
  if (included.length === 0) throw new GitMirrorError('GM_PROTOCOL', 'no commits selected for shallow requests');
  for (const slot of included) flags.set(slot, flag.notShallow);
  const ends = included.filter((slot) => {
    for (let index = 0; index < walk.parentCount(slot); index++) {
      if (!flags.has(table.parentOf(slot, index), flag.notShallow)) return true;
    }
    return false;
  });
  for (const slot of ends) {
    flags.set(slot, flag.shallow);
    flags.clear(slot, flag.notShallow);
  }
  return ends;
}
