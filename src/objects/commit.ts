import { GitMirrorError } from '../core/error.ts';
import { limits } from '../core/limits.ts';
import { decodeObjectId, hexLength, type ObjectFormat, type ObjectId } from '../core/object-id.ts';

/** What a commit says about the graph. */
export interface CommitHeader {
  readonly treeOid: ObjectId;
  /** In the order of the commit; the first is the branch that was merged into. */
  readonly parentOids: readonly ObjectId[];
  /** Committer time in seconds since 1970; 0 when the committer line is missing or makes no sense. */
  readonly commitTime: number;
}

const newline = 0x0a;
/** Value of each ASCII hexadecimal digit, 255 for anything else. Git writes lower case and reads both. */
const hexValues = new Uint8Array(256).fill(255);
for (const [value, digit] of Array.from('0123456789abcdef').entries()) {
  hexValues[digit.charCodeAt(0)] = value;
  hexValues[digit.toUpperCase().charCodeAt(0)] = value;
}

/**
 * Reads the head of commits into fields that are overwritten by the next call: for loops over millions of commits,
 * where an object a commit would cost more than the parsing.
 *
 * Like git it insists on `tree` first and then the `parent` lines, and takes whatever follows.
 */
export class CommitScanner {
  readonly #format: ObjectFormat;
  readonly #hexLength: number;
  readonly #rawLength: number;
  /** Raw names: the tree, then each parent. Valid until the next `scan`. */
  names: Uint8Array;
  parentCount = 0;
  commitTime = 0;

  constructor(format: ObjectFormat) {
    this.#format = format;
    this.#hexLength = hexLength(format);
    this.#rawLength = this.#hexLength / 2;
    this.names = new Uint8Array(8 * this.#rawLength);
  }

  /**
   * @throws GitMirrorError `GM_CORRUPT` when there is no tree line or a parent line is malformed; `GM_LIMIT` with more
   * than `limits.maxCommitParents` parents.
   */
  scan(content: Uint8Array): void {
    this.parentCount = 0;
    this.commitTime = 0;
    // "tree " and "parent " as bytes: comparing text would allocate.
    if (!(content[0] === 0x74 && content[1] === 0x72 && content[2] === 0x65 && content[3] === 0x65)) {
      throw corrupt('it does not begin with a tree line');
    }
    let position = this.#name(content, 5, 0);
    while (
      content[position] === 0x70 &&
      content[position + 1] === 0x61 &&
      content[position + 2] === 0x72 &&
      content[position + 3] === 0x65 &&
      content[position + 4] === 0x6e &&
      content[position + 5] === 0x74 &&
      content[position + 6] === 0x20
    ) {
      this.parentCount++;
      if (this.parentCount > limits.maxCommitParents) {
        throw new GitMirrorError('GM_LIMIT', `Reading a commit: it has more than ${limits.maxCommitParents} parents.`, {
          details: { limit: 'maxCommitParents' },
        });
      }
      position = this.#name(content, position + 7, this.parentCount);
    }
    this.commitTime = scanCommitTime(content, position);
  }

  get treeOid(): ObjectId {
    return decodeObjectId(this.names, 0, this.#format);
  }

  parentOid(index: number): ObjectId {
    return decodeObjectId(this.names, (index + 1) * this.#rawLength, this.#format);
  }

  /** Decodes the digits at `position` into slot `slot` of `names`; returns the position after the line. */
  #name(content: Uint8Array, position: number, slot: number): number {
    const end = position + this.#hexLength;
    if (content[end] !== newline) throw corrupt('a tree or parent line is malformed');
    let out = slot * this.#rawLength;
    if (out + this.#rawLength > this.names.length) {
      const larger = new Uint8Array(this.names.length * 2);
      larger.set(this.names);
      this.names = larger;
    }
    let seen = 0;
    for (let at = position; at < end; at += 2) {
      const high = hexValues[content[at] ?? 0] ?? 255;
      const low = hexValues[content[at + 1] ?? 0] ?? 255;
      seen |= high | low;
      this.names[out++] = (high << 4) | low;
    }
    if (seen > 15) throw corrupt('a tree or parent line is malformed');
    return end + 1;
  }
}

/** The time of the committer line, which follows the author line at `position`. */
function scanCommitTime(content: Uint8Array, position: number): number {
  const authorEnd = content.indexOf(newline, position);
  if (authorEnd < 0) return 0;
  // "committer " begins with the bytes "comm".
  const start = authorEnd + 1;
  if (content[start] !== 0x63 || content[start + 1] !== 0x6f || content[start + 2] !== 0x6d) return 0;
  const end = content.indexOf(newline, start);
  if (end < 0) return 0;
  // The last ">" ends the address; names may hold anything but NUL, LF, "<" and ">".
  let at = end - 1;
  while (at > start && content[at] !== 0x3e) at--;
  at += 2;
  let time = 0;
  for (; at < end; at++) {
    const digit = (content[at] ?? 0) - 0x30;
    if (digit < 0 || digit > 9) break;
    time = time * 10 + digit;
    if (time > Number.MAX_SAFE_INTEGER) return 0;
  }
  return time;
}

function corrupt(problem: string): GitMirrorError {
  return new GitMirrorError('GM_CORRUPT', `Reading a commit: ${problem}.`);
}

/**
 * The head of a commit object's content (gitformat-commit as `git cat-file commit` shows it). What follows the parents
 * may be odd: unknown headers, no author, no message.
 *
 * @throws GitMirrorError `GM_CORRUPT` when there is no tree line or a parent line is malformed; `GM_LIMIT` with more
 * than `limits.maxCommitParents` parents.
 */
export function parseCommit(content: Uint8Array, format: ObjectFormat): CommitHeader {
  const scanner = new CommitScanner(format);
  scanner.scan(content);
  return {
    treeOid: scanner.treeOid,
    parentOids: Array.from({ length: scanner.parentCount }, (_, index) => scanner.parentOid(index)),
    commitTime: scanner.commitTime,
  };
}
