import { concatBytes } from '../core/bytes.ts';
import { GitMirrorError } from '../core/error.ts';
import { decodeObjectId, encodeObjectId, rawLength, type ObjectFormat, type ObjectId } from '../core/object-id.ts';

/** One line of a tree. */
export interface TreeEntry {
  /** As in the tree: 0o40000 tree, 0o100644 and others file, 0o120000 symbolic link, 0o160000 commit of a submodule. */
  readonly mode: number;
  /** Bytes as they stand, a view into the tree's content; any encoding. */
  readonly name: Uint8Array;
  readonly oid: ObjectId;
}

/** What the type bits of a mode say. */
export const treeModeTypeBits = { mask: 0o170000, tree: 0o040000, gitlink: 0o160000 } as const;

/**
 * Steps through a tree's content without allocating per entry: after `next()` returned true, `mode`, `nameStart`,
 * `nameEnd` and `oidStart` are offsets into the content. The end of the content ends the walk.
 */
export class TreeScanner {
  readonly #rawLength: number;
  #content: Uint8Array = new Uint8Array(0);
  #position = 0;
  mode = 0;
  nameStart = 0;
  nameEnd = 0;
  oidStart = 0;

  constructor(format: ObjectFormat) {
    this.#rawLength = rawLength(format);
  }

  /** Starts over with another tree's content, which is borrowed until the next `reset`. */
  reset(content: Uint8Array): void {
    this.#content = content;
    this.#position = 0;
  }

  /** @throws GitMirrorError `GM_CORRUPT` when an entry is cut off or its mode is no octal number. */
  next(): boolean {
    const content = this.#content;
    let at = this.#position;
    if (at >= content.length) return false;
    let mode = 0;
    const start = at;
    for (;;) {
      const byte = content[at++];
      if (byte === 0x20) break;
      if (byte === undefined || byte < 0x30 || byte > 0x37 || at - start > 7) throw corrupt();
      mode = mode * 8 + (byte - 0x30);
    }
    const nameEnd = content.indexOf(0, at);
    if (at === start + 1 || nameEnd <= at || nameEnd + this.#rawLength >= content.length) throw corrupt();
    this.mode = mode;
    this.nameStart = at;
    this.nameEnd = nameEnd;
    this.oidStart = nameEnd + 1;
    this.#position = this.oidStart + this.#rawLength;
    return true;
  }

  get isTree(): boolean {
    return (this.mode & treeModeTypeBits.mask) === treeModeTypeBits.tree;
  }

  /** A commit of another repository: never part of this one's packs. */
  get isGitlink(): boolean {
    return (this.mode & treeModeTypeBits.mask) === treeModeTypeBits.gitlink;
  }
}

/**
 * The entries of a tree's content (gitformat-loose names no grammar; see git-mktree(1)): `<mode> SP <name> NUL <raw
 * name>`, repeated. Names are views into `content`.
 *
 * @throws GitMirrorError `GM_CORRUPT` when an entry is cut off or its mode is no octal number.
 */
export function* parseTree(content: Uint8Array, format: ObjectFormat): Generator<TreeEntry, void, void> {
  const scanner = new TreeScanner(format);
  scanner.reset(content);
  while (scanner.next()) {
    yield {
      mode: scanner.mode,
      name: content.subarray(scanner.nameStart, scanner.nameEnd),
      oid: decodeObjectId(content, scanner.oidStart, format),
    };
  }
}

/** The content of a tree with these entries, put into git's order: by name, a tree's name read as if it ended in `/`. */
export function encodeTree(entries: readonly TreeEntry[]): Uint8Array {
  const sorted = entries.map((entry) => ({ entry, key: sortKey(entry) }));
  sorted.sort((left, right) => Buffer.compare(left.key, right.key));
  return concatBytes(
    sorted.flatMap(({ entry }) => [
      Buffer.from(`${entry.mode.toString(8)} `, 'latin1'),
      entry.name,
      Uint8Array.of(0),
      encodeObjectId(entry.oid),
    ]),
  );
}

function sortKey(entry: TreeEntry): Uint8Array {
  const isTree = (entry.mode & treeModeTypeBits.mask) === treeModeTypeBits.tree;
  return isTree ? concatBytes([entry.name, Uint8Array.of(0x2f)]) : entry.name;
}

function corrupt(): GitMirrorError {
  return new GitMirrorError('GM_CORRUPT', 'Reading a tree: an entry is malformed or cut off.');
}
