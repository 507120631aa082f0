import { equalBytes } from '../core/bytes.ts';
import { rawLength, type ObjectFormat } from '../core/object-id.ts';
import { ewahBytes, ewahHeaderBytes, xorEwah } from './ewah.ts';
import { wordsFromBigEndian } from './pack-offsets.ts';
import type { ReadFile } from './read-file.ts';

const signature = 0x4249_544d;
const fixedHeaderBytes = 12;
const entryHeaderBytes = 6;
const option = { fullDag: 1, hashCache: 4 } as const;
/** How far back an entry may name the one that it is to be combined with. */
const maxXorDistance = 160;
/** Bytes of bitmaps that are kept plain. */
const maxPlainBytes = 32 * 1024 * 1024;
/** In a long row of bitmaps, each built on the one before, every so many are kept. */
const keepEvery = 8;

interface BitmapEntry {
  /** Where its compressed bitmap begins, and how long it is. */
  readonly offset: number;
  readonly length: number;
  /** Entry whose bits are to be combined with these by exclusive or; -1 for none. */
  readonly xorEntry: number;
}

/** A `.bitmap` file (gitformat-bitmap): its bitmaps are read when they are asked for. The owner closes the file. */
export class BitmapFile {
  readonly file: ReadFile;
  readonly bitCount: number;
  /** Even, as the file counts in words of 64 bits. */
  readonly wordCount: number;
  /** Trailer of the pack or multi-pack-index that it belongs to. */
  readonly checksum: Uint8Array;
  readonly commits: Uint32Array;
  readonly trees: Uint32Array;
  readonly blobs: Uint32Array;
  readonly tags: Uint32Array;
  readonly #entries: BitmapEntry[] = [];
  /** Entry of each commit that has one, by its position among the sorted names. */
  readonly #entryOfPosition = new Map<number, number>();
  /** Plain bitmaps by entry, that used last at the end. */
  readonly #plain = new Map<number, Uint32Array>();
  readonly #maxPlain: number;
  readonly #hashesOffset: number;
  #hashes: Uint32Array | undefined;

  /**
   * @param bitCount - objects in the pack or multi-pack-index.
   * @param checksum - its trailer.
   * @throws GitMirrorError `GM_CORRUPT` when it is none, one of another version, or one that does not fit.
   */
  constructor(file: ReadFile, format: ObjectFormat, bitCount: number, checksum: Uint8Array) {
    this.file = file;
    this.bitCount = bitCount;
    this.wordCount = Math.ceil(bitCount / 64) * 2;
    this.#maxPlain = Math.max(2, Math.floor(maxPlainBytes / Math.max(1, this.wordCount * 4)));
    const raw = rawLength(format);
    const head = Buffer.alloc(fixedHeaderBytes + raw);
    let end = file.size - raw;
    if (end < head.length) throw file.corrupt('it is too short for bitmaps');
    file.read(0, head, 0, head.length);
    const options = head.readUInt16BE(6);
    if (head.readUInt32BE(0) !== signature || head.readUInt16BE(4) !== 1 || (options & option.fullDag) === 0) {
      throw file.corrupt('it holds no bitmaps of a known kind');
    }
    this.checksum = new Uint8Array(head.subarray(fixedHeaderBytes));
    if (!equalBytes(this.checksum, checksum)) throw file.corrupt('it is for another pack');
    const hashBytes = (options & option.hashCache) === 0 ? 0 : bitCount * 4;
    if (hashBytes > end - head.length) throw file.corrupt('its name hashes are cut off');
    // The cache of name hashes comes last. Other tables, in front of it, are not needed.
    end -= hashBytes;
    this.#hashesOffset = hashBytes === 0 ? -1 : end;
    const scanner = new BitmapScanner(file, head.length, end);
    this.commits = this.#decode(scanner.next());
    this.trees = this.#decode(scanner.next());
    this.blobs = this.#decode(scanner.next());
    this.tags = this.#decode(scanner.next());
    this.#readEntries(scanner, head.readUInt32BE(8));
  }

  /** The commits that have a bitmap, by their position among the sorted names of the pack or multi-pack-index. */
  get positions(): Iterable<number> {
    return this.#entryOfPosition.keys();
  }

  /**
   * Everything reachable from the commit at this position among the sorted names; undefined when no bitmap is stored for
   * it. Shared: not to be written to. @throws GitMirrorError `GM_CORRUPT`
   */
  reachableFrom(position: number): Uint32Array | undefined {
    const entry = this.#entryOfPosition.get(position);
    if (entry === undefined) return undefined;
    const chain: number[] = [];
    let bits: Uint32Array | undefined;
    for (let at = entry; at >= 0; at = this.#entries[at]?.xorEntry ?? -1) {
      bits = this.#plain.get(at);
      if (bits !== undefined) break;
      chain.push(at);
    }
    if (chain.length === 0 && bits !== undefined) {
      this.#keep(entry, bits);
      return bits;
    }
    const result = bits === undefined ? new Uint32Array(this.wordCount) : bits.slice();
    for (let at = chain.pop(); at !== undefined; at = chain.pop()) {
      const { offset, length } = this.#entries[at] ?? { offset: 0, length: 0 };
      this.#xor(offset, length, result);
      if (chain.length > 0 && chain.length % keepEvery === 0) this.#keep(at, result.slice());
    }
    this.#keep(entry, result);
    return result;
  }

  /** Git's name hash of the object at a position among the sorted names; undefined when the file has none. */
  nameHash(position: number): number | undefined {
    if (this.#hashesOffset < 0) return undefined;
    if (this.#hashes === undefined) {
      this.#hashes = new Uint32Array(this.bitCount);
      const bytes = new Uint8Array(this.#hashes.buffer);
      this.file.read(this.#hashesOffset, bytes, 0, bytes.length);
      wordsFromBigEndian(bytes);
    }
    return this.#hashes[position];
  }

  #readEntries(scanner: BitmapScanner, count: number): void {
    const header = Buffer.alloc(entryHeaderBytes);
    for (let entry = 0; entry < count; entry++) {
      scanner.read(header);
      const position = header.readUInt32BE(0);
      const distance = header.readUInt8(4);
      if (position >= this.bitCount || this.#entryOfPosition.has(position)) {
        throw this.file.corrupt('it has a bitmap of something that is no commit, or two of one');
      }
      if (distance > entry || distance > maxXorDistance) {
        throw this.file.corrupt('a bitmap builds on one that is not there');
      }
      this.#entries.push({ ...scanner.next(), xorEntry: distance === 0 ? -1 : entry - distance });
      this.#entryOfPosition.set(position, entry);
    }
  }

  #decode({ offset, length }: { readonly offset: number; readonly length: number }): Uint32Array {
    const bits = new Uint32Array(this.wordCount);
    this.#xor(offset, length, bits);
    return bits;
  }

  #xor(offset: number, length: number, bits: Uint32Array): void {
    xorEwah(this.#read(offset, length), bits);
    // Nothing has the bits behind the last, whatever the file says.
    const last = this.bitCount >>> 5;
    if (last >= this.wordCount) return;
    bits[last] = (bits[last] ?? 0) & (2 ** (this.bitCount & 31) - 1);
    bits.fill(0, last + 1);
  }

  #read(offset: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    this.file.read(offset, bytes, 0, length);
    return bytes;
  }

  #keep(entry: number, bits: Uint32Array): void {
    this.#plain.delete(entry);
    this.#plain.set(entry, bits);
    if (this.#plain.size <= this.#maxPlain) return;
    for (const oldest of this.#plain.keys()) {
      this.#plain.delete(oldest);
      return;
    }
  }
}

/** Goes through bitmaps that follow each other without reading them. */
class BitmapScanner {
  readonly #file: ReadFile;
  readonly #end: number;
  #at: number;

  constructor(file: ReadFile, start: number, end: number) {
    this.#file = file;
    this.#at = start;
    this.#end = end;
  }

  /** Fills `target` with what comes next. */
  read(target: Uint8Array): void {
    this.#take(target.length);
    this.#file.read(this.#at - target.length, target, 0, target.length);
  }

  /** Where the bitmap lies that comes next. */
  next(): { readonly offset: number; readonly length: number } {
    const header = new Uint8Array(ewahHeaderBytes);
    const offset = this.#at;
    this.read(header);
    const length = ewahBytes(header);
    this.#take(length - ewahHeaderBytes);
    return { offset, length };
  }

  #take(length: number): void {
    if (length > this.#end - this.#at) throw this.#file.corrupt('a bitmap is cut off');
    this.#at += length;
  }
}
