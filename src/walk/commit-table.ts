import { isGitMirrorError } from '../core/error.ts';
import type { ObjectId } from '../core/object-id.ts';
import { CommitScanner } from '../objects/commit.ts';
import { GrowableInt32 } from '../pack/growable-array.ts';
import type { ObjectDatabase } from '../repository/object-database.ts';
import type { ObjectNumber } from '../repository/object-number.ts';
import type { Repository } from '../repository/repository.ts';
import { scratchOf } from './kernel-scratch.ts';
import { missingObject } from './missing-object.ts';

/** Position of a commit in a {@link CommitTable}: 0, 1, 2, … in the order in which they were met. */
export type CommitSlot = number;

const unknownPosition = -2;

/** Generation of a commit that is in no commit-graph: above all others, as git has it. */
export const infiniteGeneration = Number.POSITIVE_INFINITY;

/**
 * Commits of one database in typed arrays, read as they are asked for: from the commit-graph where there is one, else
 * from the commits. Parents are those of the commit, or of `info/grafts`; where history is cut is up to each walk.
 *
 * About 40 bytes a commit, and 4 for each object of the database.
 */
export class CommitTable {
  readonly database: ObjectDatabase;
  readonly #grafts: ReadonlyMap<ObjectNumber, readonly ObjectNumber[]>;
  readonly #scanner: CommitScanner;
  readonly #parents = new GrowableInt32();
  /** Slot + 1 by object number. */
  #slots: Int32Array;
  /** Slot + 1 by position in the commit-graph. */
  readonly #graphSlots: Int32Array;
  #count = 0;
  #numbers = new Int32Array(0);
  #isRead = new Uint8Array(0);
  #trees = new Int32Array(0);
  #times = new Float64Array(0);
  #generations = new Float64Array(0);
  #parentStarts = new Int32Array(0);
  #parentCounts = new Int32Array(0);
  #positions = new Int32Array(0);

  constructor(database: ObjectDatabase, grafts: ReadonlyMap<ObjectId, readonly ObjectId[]>) {
    this.database = database;
    this.#scanner = new CommitScanner(database.format);
    this.#slots = new Int32Array(database.numberLimit);
    this.#graphSlots = new Int32Array(database.commitGraph?.commitCount ?? 0);
    const byNumber = new Map<ObjectNumber, readonly ObjectNumber[]>();
    for (const [oid, parents] of grafts) {
      byNumber.set(
        numberForOid(database, oid),
        parents.map((parent) => numberForOid(database, parent)),
      );
    }
    this.#grafts = byNumber;
  }

  /** Slots given so far are below this. */
  get count(): number {
    return this.#count;
  }

  /** The slot of an object that is, or should be, a commit. */
  slotOf(number: ObjectNumber): CommitSlot {
    const known = this.#slots[number];
    if (known !== undefined && known > 0) return known - 1;
    if (number >= this.#slots.length) this.#growNumbers(number);
    if (this.#count === this.#numbers.length) this.#growSlots();
    const slot = this.#count++;
    this.#slots[number] = slot + 1;
    this.#numbers[slot] = number;
    this.#positions[slot] = unknownPosition;
    return slot;
  }

  numberOf(slot: CommitSlot): ObjectNumber {
    return this.#numbers[slot] ?? -1;
  }

  /**
   * Makes the fields of a commit known. False when the object is not here, or is no commit.
   *
   * @throws GitMirrorError `GM_CORRUPT` for a damaged one.
   */
  read(slot: CommitSlot): boolean {
    if (this.#isRead[slot] === 1) return true;
    // What is missing is looked for again each time: it may have come with a fetch.
    const isThere = this.#readGraph(slot) || this.#readObject(slot);
    if (isThere) this.#isRead[slot] = 1;
    return isThere;
  }

  /** @throws GitMirrorError `GM_CORRUPT` when the commit is not here. */
  require(slot: CommitSlot): void {
    if (this.read(slot)) return;
    throw missingObject(this.database, this.numberOf(slot));
  }

  // What follows is known of commits that were read.

  treeOf(slot: CommitSlot): ObjectNumber {
    return this.#trees[slot] ?? -1;
  }

  /** Seconds since 1970. */
  timeOf(slot: CommitSlot): number {
    return this.#times[slot] ?? 0;
  }

  /** Greater than that of any parent; {@link infiniteGeneration} outside of the commit-graph. */
  generationOf(slot: CommitSlot): number {
    return this.#generations[slot] ?? infiniteGeneration;
  }

  parentCount(slot: CommitSlot): number {
    return this.#parentCounts[slot] ?? 0;
  }

  parentOf(slot: CommitSlot, index: number): CommitSlot {
    return this.#parents.at((this.#parentStarts[slot] ?? 0) + index);
  }

  #readGraph(slot: CommitSlot): boolean {
    const { commitGraph, kernel } = this.database;
    if (commitGraph === undefined) return false;
    const scratch = scratchOf(kernel.memory);
    let position = this.#positions[slot] ?? unknownPosition;
    if (position === unknownPosition) {
      this.database.copyName(this.numberOf(slot), kernel.memory.bytes, scratch);
      position = commitGraph.find(scratch);
      this.#positions[slot] = position;
      if (position >= 0) this.#graphSlots[position] = slot + 1;
    }
    if (position < 0) return false;
    const parents = commitGraph.parents(position);
    const start = this.#parents.length;
    // The array is overwritten when the next commit's parents are asked for, which nothing here does.
    for (const parent of parents) this.#parents.push(this.#slotOfPosition(parent));
    this.#parentStarts[slot] = start;
    this.#parentCounts[slot] = this.#parents.length - start;
    this.#times[slot] = commitGraph.commitTime(position);
    this.#generations[slot] = commitGraph.generation(position);
    commitGraph.copyTreeName(position, scratch);
    this.#trees[slot] = this.database.numberFor(scratch);
    return true;
  }

  #slotOfPosition(position: number): CommitSlot {
    const known = this.#graphSlots[position] ?? 0;
    if (known > 0) return known - 1;
    const scratch = scratchOf(this.database.kernel.memory);
    this.database.commitGraph?.copyName(position, scratch);
    const slot = this.slotOf(this.database.numberFor(scratch));
    this.#positions[slot] = position;
    this.#graphSlots[position] = slot + 1;
    return slot;
  }

  #readObject(slot: CommitSlot): boolean {
    const { database } = this;
    const number = this.numberOf(slot);
    if (!database.has(number)) return false;
    const { kernel } = database;
    const scanner = this.#scanner;
    try {
      const content = database.read(number);
      if (content.type !== 'commit') return false;
      scanner.scan(kernel.memory.view(content.address, content.size));
    } catch (error) {
      if (isGitMirrorError(error, 'GM_NOT_FOUND')) return false;
      throw error;
    }
    const start = this.#parents.length;
    const grafted = this.#grafts.get(number);
    const { rawLength } = database;
    const scratch = scratchOf(kernel.memory);
    const numberAt = (index: number): ObjectNumber => {
      const name = scanner.names.subarray(index * rawLength, (index + 1) * rawLength);
      kernel.memory.bytes.set(name, scratch);
      return database.numberFor(scratch);
    };
    this.#trees[slot] = numberAt(0);
    if (grafted === undefined) {
      for (let index = 0; index < scanner.parentCount; index++) this.#parents.push(this.slotOf(numberAt(index + 1)));
    } else {
      for (const parent of grafted) this.#parents.push(this.slotOf(parent));
    }
    this.#parentStarts[slot] = start;
    this.#parentCounts[slot] = this.#parents.length - start;
    this.#times[slot] = scanner.commitTime;
    this.#generations[slot] = infiniteGeneration;
    return true;
  }

  #growNumbers(number: ObjectNumber): void {
    const larger = new Int32Array(Math.ceil(Math.max(number + 1, this.database.numberLimit) * 1.25) + 64);
    larger.set(this.#slots);
    this.#slots = larger;
  }

  #growSlots(): void {
    const capacity = Math.max(256, this.#count * 2);
    this.#numbers = grown(this.#numbers, new Int32Array(capacity));
    this.#isRead = grown(this.#isRead, new Uint8Array(capacity));
    this.#trees = grown(this.#trees, new Int32Array(capacity));
    this.#times = grown(this.#times, new Float64Array(capacity));
    this.#generations = grown(this.#generations, new Float64Array(capacity));
    this.#parentStarts = grown(this.#parentStarts, new Int32Array(capacity));
    this.#parentCounts = grown(this.#parentCounts, new Int32Array(capacity));
    this.#positions = grown(this.#positions, new Int32Array(capacity));
  }
}

function grown<Items extends Int32Array | Uint8Array | Float64Array>(items: Items, larger: Items): Items {
  larger.set(items);
  return larger;
}

/** A number for `oid`, whether or not the object is here. */
export function numberForOid(database: ObjectDatabase, oid: ObjectId): ObjectNumber {
  const { memory } = database.kernel;
  const scratch = scratchOf(memory);
  memory.bytes.set(Buffer.from(oid, 'hex'), scratch);
  return database.numberFor(scratch);
}

const tables = new WeakMap<ObjectDatabase, { readonly table: CommitTable; readonly graftKey: string }>();

/** The table of a repository's database: one for as long as the database lives and the grafts stay the same. */
export function commitTableOf(repository: Repository): CommitTable {
  const { objects, grafts } = repository;
  const graftKey = grafts.size === 0 ? '' : JSON.stringify([...grafts]);
  const known = tables.get(objects);
  if (known?.graftKey === graftKey) return known.table;
  const table = new CommitTable(objects, grafts);
  tables.set(objects, { table, graftKey });
  return table;
}
