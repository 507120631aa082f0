import { GitMirrorError } from '../core/error.ts';
import { limits } from '../core/limits.ts';
import { rawLength, type ObjectId } from '../core/object-id.ts';
import { CommitScanner } from '../objects/commit.ts';
import type { ObjectType } from '../objects/object-type.ts';
import { parseTag } from '../objects/tag.ts';
import { TreeScanner } from '../objects/tree.ts';
import { GrowableInt32 } from './growable-array.ts';
import type { ObjectStore } from './object-store.ts';
import { TimeSlice } from './time-slice.ts';

/** What is wanted, and what the receiver has. */
export interface ObjectsBetweenOptions {
  readonly wants: Iterable<ObjectId>;
  /** With everything reachable from them. Those that are not in the store are still taken as the receiver's. */
  readonly haves?: Iterable<ObjectId> | undefined;
  /** Asked for an object that is reached but not in the store: whether the receiver has it. Default: never. */
  readonly assumeTargetHas?: ((oid: ObjectId) => boolean) | undefined;
  readonly signal?: AbortSignal | undefined;
}

const excluded = 1;
const selected = 2;

/**
 * Objects of the store that are reachable from `wants` and not from `haves`: commits, parents first; then tags; then
 * trees, those inside before those around them; then blobs. What the trees of the commits at the boundary hold is left
 * out too, as git does (rev-list --objects); an object that only an older commit of the receiver's held may be selected
 * although the receiver has it. Commits of submodules are never selected. Working memory is 1 byte for each object in
 * the store and 5 for each one selected, besides the names returned.
 *
 * @throws GitMirrorError `GM_CORRUPT` naming an object that is missing or is not what it is referred to as; `GM_LIMIT`
 * with trees nested deeper than `limits.maxTreeDepth`.
 */
export async function objectsBetween(store: ObjectStore, options: ObjectsBetweenOptions): Promise<ObjectId[]> {
  return new Selection(store, options).run(options.wants);
}

class Selection {
  readonly #store: ObjectStore;
  readonly #haves: ReadonlySet<ObjectId>;
  readonly #assumeTargetHas: (oid: ObjectId) => boolean;
  readonly #slice: TimeSlice;
  readonly #state: Uint8Array;
  readonly #scanner: CommitScanner;
  readonly #rawLength: number;
  readonly #commits = new GrowableInt32();
  readonly #tags = new GrowableInt32();
  readonly #trees = new GrowableInt32();
  readonly #blobs = new GrowableInt32();
  /** Excluded commits whose trees hold most of what their selected children's trees hold. */
  readonly #boundary = new Set<number>();
  #work = 0;

  constructor(store: ObjectStore, options: ObjectsBetweenOptions) {
    this.#store = store;
    this.#haves = new Set(options.haves ?? []);
    this.#assumeTargetHas = options.assumeTargetHas ?? (() => false);
    this.#slice = new TimeSlice(options.signal);
    this.#state = new Uint8Array(store.numberLimit);
    this.#scanner = new CommitScanner(store.format);
    this.#rawLength = rawLength(store.format);
  }

  async run(wants: Iterable<ObjectId>): Promise<ObjectId[]> {
    for (const have of this.#haves) {
      const commit = this.#peel(this.#store.numberOf(have), excluded);
      if (commit < 0) continue;
      this.#boundary.add(commit);
      await this.#walkCommits(commit, excluded);
    }
    const roots: number[] = [];
    for (const want of wants) {
      const number = this.#numberOf(want);
      const peeled = this.#peel(number, selected);
      if (peeled < 0) continue;
      if (this.#store.typeOfNumber(peeled) === 'commit') await this.#walkCommits(peeled, selected);
      else roots.push(peeled);
    }
    for (const commit of this.#boundary) await this.#walkRoot(this.#treeOf(commit), excluded);
    for (const root of roots) await this.#walkRoot(root, selected);
    for (let at = this.#commits.length - 1; at >= 0; at--) {
      await this.#walkRoot(this.#treeOf(this.#commits.at(at)), selected);
    }
    const oids: ObjectId[] = [];
    for (const list of [this.#commits, this.#tags, this.#trees, this.#blobs]) {
      for (const number of list.view()) oids.push(this.#store.oidAt(number));
    }
    return oids;
  }

  /** Marks tags from `number` on. Returns the commit behind them, or with `selected` a tree or a blob; else -1. */
  #peel(start: number, mark: number): number {
    let number = start;
    while (number >= 0 && this.#store.typeOfNumber(number) === 'tag') {
      if (this.#state[number] !== 0) return -1;
      this.#state[number] = mark;
      if (mark === selected) this.#tags.push(number);
      const { targetOid } = parseTag(this.#content(number, 'tag'), this.#store.format);
      number = mark === selected ? this.#numberOf(targetOid) : this.#store.numberOf(targetOid);
    }
    if (number < 0 || mark === selected || this.#store.typeOfNumber(number) === 'commit') return number;
    // The receiver has a tree or a blob, with all that is in it.
    this.#boundary.add(number);
    return -1;
  }

  /** Marks commits reachable from `tip`, parents before children. A stack of its own: histories are a million deep. */
  async #walkCommits(tip: number, mark: number): Promise<void> {
    if (this.#state[tip] !== 0) return;
    const stack = new GrowableInt32();
    stack.push(tip);
    while (stack.length > 0) {
      const top = stack.at(stack.length - 1);
      if (top < 0) {
        // Its parents have all been given.
        stack.truncate(stack.length - 1);
        if (mark === selected) this.#commits.push(-1 - top);
        continue;
      }
      if (this.#state[top] !== 0) {
        stack.truncate(stack.length - 1);
        continue;
      }
      this.#state[top] = mark;
      stack.set(stack.length - 1, -1 - top);
      this.#scanner.scan(this.#content(top, 'commit'));
      for (let index = this.#scanner.parentCount; index >= 1; index--) {
        const parent = this.#parent(index, mark);
        if (parent < 0) continue;
        if (this.#state[parent] === 0) stack.push(parent);
        else if (mark === selected && this.#state[parent] === excluded) this.#boundary.add(parent);
      }
      if (this.#slice.isOver(this.#work)) await this.#slice.pause();
    }
  }

  #parent(index: number, mark: number): number {
    const parent = this.#store.numberOfRaw(this.#scanner.names, index * this.#rawLength);
    if (parent < 0 && mark === selected) this.#mustHave(this.#scanner.parentOid(index - 1));
    return parent;
  }

  /** The tree of a commit of the selection or the boundary, -1 when the receiver has it; a tree or blob itself. */
  #treeOf(number: number): number {
    if (this.#store.typeOfNumber(number) !== 'commit') return number;
    this.#scanner.scan(this.#content(number, 'commit'));
    const tree = this.#store.numberOfRaw(this.#scanner.names, 0);
    if (tree < 0 && this.#state[number] === selected) this.#mustHave(this.#scanner.treeOid);
    return tree;
  }

  /** Marks a tree or a blob and all that is in it. */
  async #walkRoot(root: number, mark: number): Promise<void> {
    if (root < 0 || this.#state[root] !== 0) return;
    if (this.#store.typeOfNumber(root) === 'blob') {
      this.#give(root, mark, this.#blobs);
      return;
    }
    const stack = [this.#openTree(root, mark)];
    for (let frame = stack.at(-1); frame !== undefined; frame = stack.at(-1)) {
      const inner = this.#nextTree(frame, mark);
      if (inner < 0) {
        stack.pop();
        if (mark === selected) this.#trees.push(frame.number);
        if (this.#slice.isOver(this.#work)) await this.#slice.pause();
        continue;
      }
      stack.push(this.#openTree(inner, mark));
      if (stack.length > limits.maxTreeDepth) {
        throw new GitMirrorError('GM_LIMIT', `Selecting objects: trees are nested over ${limits.maxTreeDepth} deep.`, {
          details: { limit: 'maxTreeDepth', oid: this.#store.oidAt(inner) },
        });
      }
    }
  }

  #openTree(number: number, mark: number): TreeFrame {
    this.#state[number] = mark;
    const content = this.#content(number, 'tree');
    const scanner = new TreeScanner(this.#store.format);
    scanner.reset(content);
    return { number, content, scanner };
  }

  /** Marks blobs up to the next tree that is not marked yet, and returns that; -1 at the end. */
  #nextTree(frame: TreeFrame, mark: number): number {
    const { scanner, content } = frame;
    while (scanner.next()) {
      if (scanner.isGitlink) continue;
      const number = this.#store.numberOfRaw(content, scanner.oidStart);
      if (number < 0) {
        if (mark === selected) this.#mustHave(this.#nameIn(content, scanner.oidStart));
        continue;
      }
      if (this.#state[number] !== 0) continue;
      if (scanner.isTree) return number;
      if (this.#store.typeOfNumber(number) !== 'blob') throw this.#wrongType(number, 'blob');
      this.#give(number, mark, this.#blobs);
    }
    return -1;
  }

  #nameIn(content: Uint8Array, start: number): ObjectId {
    return Buffer.from(content.subarray(start, start + this.#rawLength)).toString('hex') as ObjectId;
  }

  #give(number: number, mark: number, list: GrowableInt32): void {
    this.#state[number] = mark;
    if (mark === selected) list.push(number);
  }

  #content(number: number, expected: ObjectType): Uint8Array {
    const { type, content } = this.#store.readNumber(number);
    this.#work += content.length;
    if (type === expected) return content;
    throw this.#wrongType(number, expected);
  }

  #wrongType(number: number, expected: ObjectType): GitMirrorError {
    const oid = this.#store.oidAt(number);
    const type = this.#store.typeOfNumber(number);
    return new GitMirrorError('GM_CORRUPT', `Selecting objects: ${oid} is a ${type} where a ${expected} is meant.`, {
      details: { oid },
    });
  }

  /** Number of an object that is wanted; -1 when the receiver has it. */
  #numberOf(oid: ObjectId): number {
    const number = this.#store.numberOf(oid);
    if (number < 0) this.#mustHave(oid);
    return number;
  }

  /** @throws GitMirrorError `GM_CORRUPT` unless the receiver has the object. */
  #mustHave(oid: ObjectId): void {
    if (this.#haves.has(oid) || this.#assumeTargetHas(oid)) return;
    throw new GitMirrorError('GM_CORRUPT', `Selecting objects: ${oid} is referred to but missing.`, {
      details: { oid },
    });
  }
}

/** A tree whose entries are being gone through. */
interface TreeFrame {
  readonly number: number;
  readonly content: Uint8Array;
  readonly scanner: TreeScanner;
}
