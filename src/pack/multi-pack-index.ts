import { basename } from 'node:path';
import { rawLength, type ObjectFormat } from '../core/object-id.ts';
import type { KernelMemory } from '../kernel/kernel-memory.ts';
import type { NameTable } from '../kernel/kernel.ts';
import { readChunkTable, requireChunk, type Chunk } from './chunk-table.ts';
import { readNamesChunks } from './names-chunk.ts';
import { decodeLargeOffsets, wordsFromBigEndian } from './pack-offsets.ts';
import type { ReadFile } from './read-file.ts';

const signature = 0x4d49_4458;
const headerBytes = 12;
const revisionHeaderBytes = 12;
const revisionSignature = 0x5249_4458;
const largeFlag = 0x8000_0000;

/** A multi-pack-index, or one layer of a chain of them: the names in several packs, and where the objects are. */
export class MultiPackIndex {
  readonly file: ReadFile;
  /** In a block of kernel memory that begins at `table.fanout`: the owner releases it. */
  readonly table: NameTable;
  /** File names of the packs' indexes, in the order of their numbers here. */
  readonly indexNames: readonly string[];
  /** Trailer of the file, which names its bitmaps. */
  readonly checksum: Uint8Array;
  /** Pack and offset of each object, in turn. */
  readonly #places: Uint32Array;
  readonly #large: Float64Array;
  readonly #order: Chunk | undefined;

  private constructor(file: ReadFile, format: ObjectFormat, chunks: ReadonlyMap<string, Chunk>, table: NameTable) {
    this.file = file;
    this.table = table;
    this.indexNames = readPackNames(file, requireChunk(file, chunks, 'PNAM'));
    const places = requireChunk(file, chunks, 'OOFF', table.count * 8);
    this.#places = readWords(file, places.offset, table.count * 2);
    const large = chunks.get('LOFF');
    const largeBytes = new Uint8Array(large === undefined ? 0 : large.size - (large.size % 8));
    if (large !== undefined) file.read(large.offset, largeBytes, 0, largeBytes.length);
    this.#large = decodeLargeOffsets(largeBytes);
    this.#order = chunks.get('RIDX');
    const raw = rawLength(format);
    this.checksum = new Uint8Array(raw);
    file.read(file.size - raw, this.checksum, 0, raw);
  }

  /**
   * Reads a multi-pack-index (gitformat-pack, "multi-pack-index (MIDX) files"). The file stays open, and the caller's.
   *
   * @throws GitMirrorError `GM_CORRUPT` when it is none, or one for another format.
   */
  static read(file: ReadFile, format: ObjectFormat, memory: KernelMemory): MultiPackIndex {
    const raw = rawLength(format);
    if (file.size < headerBytes + raw) throw file.corrupt('it is too short for a multi-pack-index');
    const head = Buffer.alloc(headerBytes);
    file.read(0, head, 0, headerBytes);
    const version = head.readUInt8(4);
    if (head.readUInt32BE(0) !== signature || version < 1 || version > 2) {
      throw file.corrupt('it is no multi-pack-index of a known version');
    }
    if (head.readUInt8(5) !== (format === 'sha1' ? 1 : 2)) throw file.corrupt('it is for another object format');
    const chunks = readChunkTable(file, headerBytes, head.readUInt8(6), raw);
    const table = readNamesChunks(file, chunks, raw, memory);
    try {
      const index = new MultiPackIndex(file, format, chunks, table);
      if (index.indexNames.length !== head.readUInt32BE(8))
        throw file.corrupt('its packs are not as many as it states');
      return index;
    } catch (error) {
      memory.release(table.fanout);
      throw error;
    }
  }

  /** Which of the packs the object is in. May be beyond the last one in a damaged file. */
  packOf(position: number): number {
    return this.#places[position * 2] ?? 0;
  }

  /** Where its entry begins; -1 when the file is damaged there. */
  offsetOf(position: number): number {
    const word = this.#places[position * 2 + 1] ?? largeFlag;
    // Without a table of 64-bit offsets, all 32 bits are the offset.
    return word < largeFlag || this.#large.length === 0 ? word : (this.#large[word - largeFlag] ?? -1);
  }

  /**
   * Positions in the order of bitmaps: packs one after the other, the preferred one first. From the file itself, or from
   * the `.rev` file beside it. Undefined when neither is there.
   *
   * @throws GitMirrorError `GM_CORRUPT`
   */
  readOrder(openReverse: () => ReadFile | undefined): Uint32Array | undefined {
    const { count } = this.table;
    if (this.#order !== undefined) {
      if (this.#order.size !== count * 4) throw this.file.corrupt('chunk RIDX is of the wrong size');
      return readWords(this.file, this.#order.offset, count);
    }
    const reverse = openReverse();
    if (reverse === undefined) return undefined;
    try {
      const raw = this.checksum.length;
      if (reverse.size !== revisionHeaderBytes + count * 4 + 2 * raw) throw reverse.corrupt('its size is wrong');
      if (readWords(reverse, 0, 1)[0] !== revisionSignature) throw reverse.corrupt('it is no reverse index');
      return readWords(reverse, revisionHeaderBytes, count);
    } finally {
      reverse.close();
    }
  }
}

function readWords(file: ReadFile, offset: number, count: number): Uint32Array {
  const words = new Uint32Array(count);
  const bytes = new Uint8Array(words.buffer);
  file.read(offset, bytes, 0, bytes.length);
  wordsFromBigEndian(bytes);
  return words;
}

/** Names end with NUL each; more NULs fill the chunk up. */
function readPackNames(file: ReadFile, chunk: Chunk): readonly string[] {
  const bytes = Buffer.alloc(chunk.size);
  file.read(chunk.offset, bytes, 0, chunk.size);
  const names = bytes.toString('latin1').replace(/\0+$/, '').split('\0');
  const own = names.filter((name) => name !== '');
  if (own.some((name) => basename(name) !== name || !name.endsWith('.idx'))) {
    throw file.corrupt('it names a file that is no index of a pack');
  }
  return own;
}
