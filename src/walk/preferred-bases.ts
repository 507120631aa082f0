import { packType } from '../objects/object-type.ts';
import { TreeScanner } from '../objects/tree.ts';
import type { ObjectDatabase } from '../repository/object-database.ts';
import type { ObjectNumber } from '../repository/object-number.ts';
import { numberForOid } from './commit-table.ts';
import { mark, type ObjectMarks } from './object-marks.ts';
import { SelectionList } from './selection-list.ts';
import { decodeObjectId } from '../core/object-id.ts';

interface BaseEntry {
  readonly number: ObjectNumber;
  readonly isTree: boolean;
}

type BaseTree = ReadonlyMap<string, BaseEntry>;

/** Entries of trees kept in memory; over it, they are read again. */
const maxCachedEntries = 1_000_000;

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
      const entry = this.#entries(tree)?.get(slash < 0 ? path.slice(start) : path.slice(start, slash));
      if (entry === undefined) return;
      if (slash < 0) {
        this.#add(entry.number, entry.isTree ? packType.tree : packType.blob, nameHash);
        return;
      }
      if (!entry.isTree) return;
      tree = entry.number;
      start = slash + 1;
    }
  }

  #add(number: ObjectNumber, type: number, nameHash: number): void {
    if (this.#marks.has(number, mark.base) || !this.#database.has(number)) return;
    this.#marks.set(number, mark.base);
    this.list.push(number, type, nameHash);
  }

  /** Undefined when the tree is missing or none. */
  #entries(tree: ObjectNumber): BaseTree | undefined {
    const known = this.#trees.get(tree);
    if (known !== undefined) return known;
    const database = this.#database;
    if (!database.has(tree) || database.typeOf(tree) !== 'tree') return undefined;
    const read = database.read(tree);
    // Finding numbers may read from the database, so the content is taken out of its memory first.
    const content = database.kernel.memory.bytes.slice(read.address, read.address + read.size);
    const scanner = new TreeScanner(database.format);
    const entries = new Map<string, BaseEntry>();
    scanner.reset(content);
    while (scanner.next()) {
      if (scanner.isGitlink) continue;
      const name = Buffer.from(content.buffer, scanner.nameStart, scanner.nameEnd - scanner.nameStart);
      const oid = decodeObjectId(content, scanner.oidStart, database.format);
      entries.set(name.toString('latin1'), { number: numberForOid(database, oid), isTree: scanner.isTree });
    }
    if (this.#cachedEntries + entries.size > maxCachedEntries) {
      this.#trees.clear();
      this.#cachedEntries = 0;
    }
    this.#trees.set(tree, entries);
    this.#cachedEntries += entries.size;
    return entries;
  }
}
