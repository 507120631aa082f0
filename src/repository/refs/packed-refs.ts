import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { GitMirrorError } from '../../core/error.ts';
import { hexLength, isObjectId, type ObjectFormat, type ObjectId } from '../../core/object-id.ts';
import { compareRawText, decodeRawText, encodeRawText, startsWithRawText } from '../../core/raw-text.ts';
import { type FileStamp, isMissing, isSettled, stampOf, stampOfStat, systemError } from '../file-stamp.ts';
import { repositoryLimits } from '../repository-limits.ts';
import { type PackedHeader, readPackedHeader, sortPackedRefs, unexpectedLine } from './packed-header.ts';

/** A ref of packed-refs. */
export interface PackedRef {
  readonly name: string;
  readonly oid: ObjectId;
  /** As in `Ref`. */
  readonly peeledOid: ObjectId | null | undefined;
}

/** What is kept of a file: its header, and all of it when it is small or had to be sorted. */
interface Snapshot {
  readonly stamp: string;
  readonly isSettled: boolean;
  readonly header: PackedHeader;
  readonly held: Buffer | undefined;
}

const lineFeed = 0x0a;
const space = 0x20;
const caret = 0x5e;
const windowBytes = 256 * 1024;
/** Below this a file is read in order rather than halved further. */
const scanBytes = 4 * 1024;
/** Read at first to find where a record begins; nearly all are shorter. */
const probeBytes = 512;

/**
 * The packed-refs file of a repository (git-pack-refs(1)). A small one is held until it changes; a large one is read in
 * windows, by bisection to where names begin with the prefix, and then in order, so that memory stays flat. Each call sees
 * one state of the file, however often it is replaced meanwhile.
 */
export class PackedRefs {
  readonly path: string;
  readonly #format: ObjectFormat;
  #snapshot: Snapshot | undefined;

  constructor(path: string, format: ObjectFormat) {
    this.path = path;
    this.#format = format;
  }

  /** The stamp of the file as it is now. */
  stamp(): FileStamp {
    return stampOf(this.path);
  }

  /** @throws GitMirrorError `GM_CORRUPT`, `GM_LIMIT`, `GM_SYSTEM` */
  find(name: string): PackedRef | undefined {
    for (const ref of this.#listFrom(encodeRawText(name), name)) return ref.name === name ? ref : undefined;
    return undefined;
  }

  /**
   * All whose names begin with `prefix`, in the order of the bytes of their names. The file stays open until the last one
   * was asked for, or the iterator is closed.
   *
   * @throws GitMirrorError `GM_CORRUPT`, `GM_LIMIT`, `GM_SYSTEM`
   */
  list(prefix: string): Generator<PackedRef, void, undefined> {
    return this.#listFrom(encodeRawText(prefix), prefix);
  }

  *#listFrom(start: Uint8Array, prefix: string): Generator<PackedRef, void, undefined> {
    const held = this.#held();
    const file = held === undefined ? openPacked(this.path) : undefined;
    if (held === undefined && file === undefined) return;
    try {
      const snapshot = held ?? this.#take(file);
      const source = new Window(this.path, snapshot.held ?? file, snapshot.header.size);
      const reader = new RecordReader(source, snapshot.header, this.#format);
      const first = reader.lowerBound(start);
      for (const ref of reader.records(first)) {
        if (!startsWithRawText(ref.name, prefix)) {
          // What comes before the first one is met too.
          if (compareRawText(ref.name, prefix) > 0) return;
          continue;
        }
        yield ref;
      }
    } finally {
      if (file !== undefined) closeSync(file);
    }
  }

  /** The snapshot, when it is held whole and still right: then the file need not be opened. */
  #held(): Snapshot | undefined {
    const snapshot = this.#snapshot;
    if (snapshot?.held === undefined || !snapshot.isSettled) return undefined;
    return this.stamp() === snapshot.stamp ? snapshot : undefined;
  }

  #take(file: number | undefined): Snapshot {
    if (file === undefined) throw new GitMirrorError('GM_INTERNAL', 'packed-refs is not open');
    const stat = fstatSync(file, { bigint: true });
    const stamp = stampOfStat(stat);
    if (this.#snapshot?.stamp === stamp && this.#snapshot.isSettled) return this.#snapshot;
    const size = Number(stat.size);
    if (size > repositoryLimits.maxPackedRefsBytes) throw this.#tooLarge(size);
    const window = new Window(this.path, file, size);
    const header = readPackedHeader(window.at(0, Math.min(size, windowBytes)), size, this.path);
    let snapshot: Snapshot;
    if (!header.isSorted || size <= repositoryLimits.maxHeldRefFileBytes) {
      if (size > repositoryLimits.maxUnsortedPackedRefsBytes) throw this.#tooLarge(size);
      const whole = readAll(file, size);
      const held = header.isSorted ? whole : sortPackedRefs(whole, header.start, hexLength(this.#format), this.path);
      snapshot = { stamp, isSettled: isSettled(stamp), header: { ...header, size: held.length }, held };
    } else {
      snapshot = { stamp, isSettled: isSettled(stamp), header, held: undefined };
    }
    this.#snapshot = snapshot;
    return snapshot;
  }

  #tooLarge(size: number): GitMirrorError {
    return new GitMirrorError('GM_LIMIT', `'${this.path}' has ${String(size)} bytes`, { details: { path: this.path } });
  }
}

function openPacked(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw systemError(path, error);
  }
}

function readAll(file: number, size: number): Buffer {
  const bytes = Buffer.allocUnsafe(size);
  let length = 0;
  while (length < size) {
    const count = readSync(file, bytes, length, size - length, length);
    if (count === 0) break;
    length += count;
  }
  return bytes.subarray(0, length);
}

/** A stretch of a file, or of a buffer that holds all of it. */
class Window {
  readonly path: string;
  readonly size: number;
  readonly #source: Buffer | number | undefined;
  #bytes: Buffer | undefined;

  constructor(path: string, source: Buffer | number | undefined, size: number) {
    this.path = path;
    this.size = size;
    this.#source = source;
  }

  /** The bytes from `offset` on, at most `length`; borrowed until the next call. */
  at(offset: number, length: number): Buffer {
    const end = Math.min(this.size, offset + length);
    if (typeof this.#source !== 'number') return this.#source?.subarray(offset, end) ?? Buffer.of();
    if (this.#bytes === undefined || end - offset > this.#bytes.length) this.#bytes = Buffer.allocUnsafe(end - offset);
    let filled = 0;
    while (filled < end - offset) {
      const count = readSync(this.#source, this.#bytes, filled, end - offset - filled, offset + filled);
      if (count === 0) break;
      filled += count;
    }
    return this.#bytes.subarray(0, filled);
  }
}

/** Reads records: a line with an object name and a ref name, and perhaps one with a caret and a peeled name behind it. */
class RecordReader {
  readonly #window: Window;
  readonly #header: PackedHeader;
  readonly #format: ObjectFormat;
  readonly #hexLength: number;

  constructor(window: Window, header: PackedHeader, format: ObjectFormat) {
    this.#window = window;
    this.#header = header;
    this.#format = format;
    this.#hexLength = hexLength(format);
  }

  /** Where a record begins from which on reading in order meets all that are not less than `target`. */
  lowerBound(target: Uint8Array): number {
    let low = this.#header.start;
    let high = this.#header.size;
    while (high - low > scanBytes && target.length > 0) {
      const middle = low + Math.floor((high - low) / 2);
      const room = high - middle;
      let window = this.#window.at(middle, Math.min(room, probeBytes));
      let [at, nameEnd] = this.#nextName(window);
      if (nameEnd < 0 && room > probeBytes) {
        window = this.#window.at(middle, Math.min(room, windowBytes));
        [at, nameEnd] = this.#nextName(window);
      }
      const nameStart = at + this.#hexLength + 1;
      if (nameEnd >= 0 && window.compare(target, 0, target.length, nameStart, nameEnd) < 0) low = middle + at;
      else high = middle;
    }
    return low;
  }

  /** Where the next record begins, and where its name ends; the latter is -1 when that is not in the window. */
  #nextName(window: Buffer): [start: number, nameEnd: number] {
    const start = nextRecord(window);
    return [start, start < 0 ? -1 : window.indexOf(lineFeed, start + this.#hexLength + 1)];
  }

  /** All records from the one at `start` on. */
  *records(start: number): Generator<PackedRef, void, undefined> {
    let offset = start;
    let length = scanBytes;
    while (offset < this.#header.size) {
      const window = this.#window.at(offset, length);
      const isLast = offset + window.length >= this.#header.size;
      let at = 0;
      while (at < window.length) {
        const lineEnd = window.indexOf(lineFeed, at);
        if (lineEnd < 0 || (lineEnd + 1 === window.length && !isLast)) break;
        let end = lineEnd + 1;
        let peeled: ObjectId | undefined;
        if (window[end] === caret) {
          const peeledEnd = window.indexOf(lineFeed, end);
          if (peeledEnd < 0 && !isLast) break;
          if (peeledEnd !== end + 1 + this.#hexLength) throw this.#unexpected(window, end);
          peeled = this.#oid(window, end + 1, end);
          end = peeledEnd + 1;
        }
        if (lineEnd - at < this.#hexLength + 2 || !isBlank(window[at + this.#hexLength])) {
          throw this.#unexpected(window, at);
        }
        const oid = this.#oid(window, at, at);
        const name = decodeRawText(window, at + this.#hexLength + 1, lineEnd);
        yield { name, oid, peeledOid: peeled ?? this.#unpeeled(name) };
        at = end;
      }
      if (at === 0) {
        if (isLast || length > windowBytes) throw this.#unexpected(window, 0);
        length = 2 * windowBytes;
      } else {
        length = windowBytes;
      }
      offset += at;
    }
  }

  /** What no caret line behind a ref means, as the header says. */
  #unpeeled(name: string): null | undefined {
    const { peeled } = this.#header;
    return peeled === 'fully' || (peeled === 'tags' && name.startsWith('refs/tags/')) ? null : undefined;
  }

  #oid(window: Buffer, at: number, lineStart: number): ObjectId {
    const text = window.toString('latin1', at, at + this.#hexLength);
    if (isObjectId(text, this.#format)) return text;
    const lower = text.toLowerCase();
    if (isObjectId(lower, this.#format)) return lower;
    throw this.#unexpected(window, lineStart);
  }

  #unexpected(window: Buffer, start: number): GitMirrorError {
    return unexpectedLine(window, start, this.#window.path);
  }
}

function isBlank(byte: number | undefined): boolean {
  return byte === space || byte === 0x09 || byte === 0x0a || byte === 0x0d;
}

/** Where the first record begins that does not begin at the start of `window`, or -1. */
function nextRecord(window: Buffer): number {
  for (let at = window.indexOf(lineFeed); at >= 0; at = window.indexOf(lineFeed, at + 1)) {
    if (at + 1 >= window.length) return -1;
    if (window[at + 1] !== caret) return at + 1;
  }
  return -1;
}
