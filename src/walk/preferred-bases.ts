import { packType } from '../objects/object-type.ts';
import { TreeScanner } from '../objects/tree.ts';
import type { ObjectDatabase } from '../repository/object-database.ts';
import type { ObjectNumber } from '../repository/object-number.ts';
import { numberForOid } from './commit-table.ts';
import { mark, type ObjectMarks } from './object-marks.ts';
import { SelectionList } from './selection-list.ts';
import { decodeObjectId } from '../core/object-id.ts';

/** A tree to look names up in. */
interface BaseTree {
  readonly content: Uint8Array;
  /** By name: 2 × where the raw name of the entry's object begins in the content, plus 1 for a tree. */
  readonly entries: ReadonlyMap<string, number>;
}

/** Entries of trees kept in memory; over it, they are read again. */
const maxCachedEntries = 250_000;

/**
 * Finds bases for a thin pack: what the client has at the paths where objects are selected, in the trees of the commits
 * on the border of what it has. Like git it looks once for each name hash, and in no more trees than the delta window
 * is wide (pack.window).
 *
 * An object found this way is not sent, even when it was selected before: the client has it.
 */
export class PreferredBases {
  readonly list = new SelectionList();
  readonly #database: ObjectDatabase;
  readonly #marks: ObjectMarks;
  readonly #window: number;
  #edges = 0;
  readonly #roots: ObjectNumber[] = [];
  readonly #doneHashes = new Set<number>();
  readonly #trees = new Map<ObjectNumber, BaseTree>();
  #cachedEntries = 0;

  constructor(database: ObjectDatabase, marks: ObjectMarks, window: number) {
    this.#database = database;
    this.#marks = marks;
    this.#window = window;
  }

  /** Whether there is anything to look in. */
  get isEmpty(): boolean {
    return this.#roots.length === 0;
  }

  /** Adds the tree of a commit on the border. */
  addEdge(tree: ObjectNumber): void {
    if (this.#window <= this.#edges++) return;
    if (this.#roots.includes(tree) || !this.#database.has(tree)) return;
    this.#roots.unshift(tree);
  }

  /** Looks at the path of an object that is about to be selected. `path` is latin1, without slashes at its ends. */
  look(path: string, nameHash: number): void {
    if (this.#roots.length === 0 || this.#doneHashes.has(nameHash)) return;
    this.#doneHashes.add(nameHash);
    for (const root of this.#roots) {
      if (path === '') this.#add(root, packType.tree, 0);
      else this.#lookBelow(root, path, nameHash);
    }
  }

  #lookBelow(root: ObjectNumber, path: string, nameHash: number): void {
    let tree = root;
    for (let start = 0; ;) {
      const slash = path.indexOf('/', start);
      const read = this.#readTree(tree);
      const where = read?.entries.get(slash < 0 ? path.slice(start) : path.slice(start, slash));
      if (read === undefined || where === undefined) return;
      const { format } = this.#database;
      // Few entries are ever asked for, so that only these are given numbers.
      const number = numberForOid(this.#database, decodeObjectId(read.content, where >>> 1, format));
      const isTree = (where & 1) === 1;
      if (slash < 0) {
        this.#add(number, isTree ? packType.tree : packType.blob, nameHash);
        return;
      }
      if (!isTree) return;
      tree = number;
      start = slash + 1;
    }
  }

  #add(number: ObjectNumber, type: number, nameHash: number): void {
    if (this.#marks.has(number, mark.base) || !this.#database.has(number)) return;
    this.#marks.set(number, mark.base);
    this.list.push(number, type, nameHash);
  }

  /** Undefined when the tree is missing or none. */
  #readTree(tree: ObjectNumber): BaseTree | undefined {
    const known = this.#trees.get(tree);
    if (known !== undefined) return known;
    const database = this.#database;
    if (!database.has(tree) || database.typeOf(tree) !== 'tree') return undefined;
    const read = database.read(tree);
    const content = database.kernel.memory.bytes.slice(read.address, read.address + read.size);
    const names = Buffer.from(content.buffer);
    const scanner = new TreeScanner(database.format);
    const entries = new Map<string, number>();
    scanner.reset(content);
    while (scanner.next()) {
      if (scanner.isGitlink) continue;
      const name = names.toString('latin1', scanner.nameStart, scanner.nameEnd);
      entries.set(name, scanner.oidStart * 2 + (scanner.isTree ? 1 : 0));
    }
    this.#cachedEntries += entries.size;
    if (this.#cachedEntries > maxCachedEntries) {
      this.#trees.clear();
      this.#cachedEntries = entries.size;
    }
    const readTree = { content, entries };
    this.#trees.set(tree, readTree);
    return readTree;
  }
}
