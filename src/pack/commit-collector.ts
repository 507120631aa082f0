import { type ObjectFormat, rawLength } from '../core/object-id.ts';
import { CommitScanner } from '../objects/commit.ts';
import { hashObjectBinary } from '../objects/hash-object.ts';
import { parseTag } from '../objects/tag.ts';
import { CommitGraph } from './commit-graph.ts';
import { GrowableFloat64, GrowableInt32 } from './growable-array.ts';
import { OidTable } from './oid-table.ts';

/** Room made at once for what a pack's header claims. Anything beyond grows with what really comes. */
const maxExpected = 2_000_000;

/**
 * Takes the contents of commits and tags, in any order, and makes a graph of them. While collecting, a name's number is
 * its place in the table, in the order of being mentioned; `finish` renumbers.
 */
export class CommitCollector {
  readonly #format: ObjectFormat;
  readonly #rawLength: number;
  readonly #scanner: CommitScanner;
  #table: OidTable;
  #commits = new GrowableInt32();
  #times = new GrowableFloat64();
  #parentStart = new GrowableInt32();
  #parents = new GrowableInt32();
  readonly #tags = new GrowableInt32();
  readonly #tagTargets = new GrowableInt32();
  /** Per name: 1 when its object has been taken. */
  #taken = new Uint8Array(1024);

  constructor(format: ObjectFormat) {
    this.#format = format;
    this.#rawLength = rawLength(format);
    this.#scanner = new CommitScanner(format);
    this.#table = new OidTable(format);
  }

  get format(): ObjectFormat {
    return this.#format;
  }

  get commitCount(): number {
    return this.#commits.length;
  }

  /** Makes room for so many objects. Call it before anything is added. */
  expect(objects: number): void {
    const expected = Math.min(objects, maxExpected);
    this.#table = new OidTable(this.#format, expected);
    this.#commits = new GrowableInt32(expected);
    this.#times = new GrowableFloat64(expected);
    this.#parentStart = new GrowableInt32(expected + 1);
    this.#parents = new GrowableInt32(Math.ceil(expected * 1.3));
    this.#taken = new Uint8Array(expected + 16);
  }

  /** Number of a name, known or not. */
  numberOf(rawName: Uint8Array): number {
    return this.#table.add(rawName, 0);
  }

  /** Number of a name that has been mentioned, or -1. */
  find(rawName: Uint8Array): number {
    return this.#table.find(rawName, 0);
  }

  /** Adds a commit and returns its number. An object that is there already is not added twice. */
  addCommit(content: Uint8Array): number {
    const number = this.#table.addBinary(hashObjectBinary('commit', content, this.#format));
    if (!this.#take(number)) return number;
    const scanner = this.#scanner;
    scanner.scan(content);
    this.#commits.push(number);
    this.#times.push(scanner.commitTime);
    this.#parentStart.push(this.#parents.length);
    for (let index = 1; index <= scanner.parentCount; index++) {
      this.#parents.push(this.#table.add(scanner.names, index * this.#rawLength));
    }
    return number;
  }

  /** Adds an annotated tag and returns its number. */
  addTag(content: Uint8Array): number {
    const number = this.#table.addBinary(hashObjectBinary('tag', content, this.#format));
    if (!this.#take(number)) return number;
    const { targetOid } = parseTag(content, this.#format);
    this.#tags.push(number);
    this.#tagTargets.push(this.#table.addOid(targetOid));
    return number;
  }

  /** Puts commits first, then tags, then what is only mentioned. The collector is used up. */
  finish(): CommitGraph {
    const table = this.#table;
    const commitCount = this.#commits.length;
    const tagCount = this.#tags.length;
    const order = new Int32Array(table.size);
    order.set(this.#commits.view());
    order.set(this.#tags.view(), commitCount);
    let filled = commitCount + tagCount;
    for (let number = 0; number < table.size; number++) {
      if (this.#taken[number] !== 1) order[filled++] = number;
    }
    const renumbered = new Int32Array(table.size);
    for (let place = 0; place < order.length; place++) renumbered[order[place] ?? 0] = place;
    const renumber = (number: number): number => renumbered[number] ?? 0;
    this.#parentStart.push(this.#parents.length);
    const parents = this.#parents.view();
    for (let at = 0; at < parents.length; at++) parents[at] = renumber(parents[at] ?? 0);
    return new CommitGraph({
      table: table.reordered(order),
      commitCount,
      tagCount,
      parentStart: this.#parentStart.view(),
      parents,
      tagTargets: this.#tagTargets.view().map(renumber),
      commitTimes: this.#times.view(),
    });
  }

  /** Notes that the object is there; false when it was already. */
  #take(number: number): boolean {
    if (number >= this.#taken.length) {
      const larger = new Uint8Array(Math.ceil(number * 1.5) + 16);
      larger.set(this.#taken);
      this.#taken = larger;
    }
    if (this.#taken[number] === 1) return false;
    this.#taken[number] = 1;
    return true;
  }
}
