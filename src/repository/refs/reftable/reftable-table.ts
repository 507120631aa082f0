import { crc32 } from 'node:zlib';
import type { ObjectFormat } from '../../../core/object-id.ts';
import { encodeRawText } from '../../../core/raw-text.ts';
import { repositoryLimits } from '../../repository-limits.ts';
import { ReftableBlock, type ReftableRef } from './reftable-block.ts';
import { corruptTable, type ReftableSource } from './reftable-source.ts';

const magic = 'REFT';
const fileHeaderBytes: Readonly<Record<number, number>> = { 1: 24, 2: 28 };
/** Bytes of the footer besides its copy of the header. */
const footerTailBytes = 44;
const hashIds: Readonly<Record<ObjectFormat, string>> = { sha1: 'sha1', sha256: 's256' };
/** What is read of a block at first in a file that does not say how large its blocks are. */
const defaultBlockBytes = 4096;
const noBytes = new Uint8Array(0);

/**
 * One table of refs (gitformat "reftable"). Refs are read in the order of the bytes of their names, beginning at any one,
 * found by the index where there is one. Logs and the map from objects to refs are not read.
 */
export class Reftable {
  readonly #source: ReftableSource;
  readonly #format: ObjectFormat;
  readonly #headerBytes: number;
  readonly #blockBytes: number;
  /** Where the footer begins. */
  readonly #end: number;
  readonly #indexAt: number;

  /** Reads header and footer. @throws GitMirrorError `GM_CORRUPT` */
  constructor(source: ReftableSource, format: ObjectFormat) {
    this.#source = source;
    this.#format = format;
    const header = Buffer.from(source.read(0, 28));
    const version = header[4] ?? 0;
    const headerBytes = fileHeaderBytes[version];
    if (header.toString('latin1', 0, 4) !== magic || headerBytes === undefined || header.length < headerBytes) {
      throw this.#corrupt('the file header is wrong');
    }
    const hashId = version === 1 ? hashIds.sha1 : header.toString('latin1', 24, 28);
    if (hashId !== hashIds[format]) throw this.#corrupt('its object names are of another format');
    this.#headerBytes = headerBytes;
    this.#blockBytes = header.readUIntBE(5, 3);
    const footerBytes = headerBytes + footerTailBytes;
    this.#end = source.size - footerBytes;
    if (this.#end < headerBytes) throw this.#corrupt('the file is too short');
    const footer = source.read(this.#end, footerBytes);
    const isWhole = footer.length === footerBytes && header.compare(footer, 0, headerBytes, 0, headerBytes) === 0;
    if (!isWhole || crc32(footer.subarray(0, footerBytes - 4)) !== footer.readUInt32BE(footerBytes - 4)) {
      throw this.#corrupt('the footer is wrong');
    }
    this.#indexAt = Number(footer.readBigUInt64BE(headerBytes));
  }

  /** The refs from the first one on whose name is not less than `from`. @throws GitMirrorError `GM_CORRUPT` */
  *refs(from: string): Generator<ReftableRef, void, undefined> {
    let target = encodeRawText(from);
    let offset = this.#blockFor(target);
    while (offset !== undefined && offset < this.#end) {
      const block = this.#readBlock(offset);
      if (block?.type !== 'r') return;
      for (const ref of block.refs(target, this.#format)) {
        yield ref;
        target = noBytes;
      }
      offset = this.#behind(offset, block.length);
    }
  }

  /** Where the block begins in which to look for `target` first; undefined when all names are less. */
  #blockFor(target: Uint8Array): number | undefined {
    if (this.#indexAt === 0 || target.length === 0) return 0;
    let offset = this.#indexAt;
    for (let depth = 0; depth < repositoryLimits.maxReftableIndexDepth; depth++) {
      const child = this.#childFor(target, offset);
      if (child === undefined) return undefined;
      // Git writes upper levels behind lower ones; so no index leads round in a circle.
      if (child >= offset) throw this.#corrupt('the index does not lead backwards');
      offset = child;
      if (this.#readBlock(offset)?.type === 'r') return offset;
    }
    throw this.#corrupt('the index has too many levels');
  }

  /** What the index says in the block at `start`, or in one right behind it: the uppermost level may have several. */
  #childFor(target: Uint8Array, start: number): number | undefined {
    let block = this.#readBlock(start);
    if (block?.type !== 'i') throw this.#corrupt('the index leads to a block of another kind');
    for (let offset = start; block?.type === 'i'; block = this.#readBlock(offset)) {
      const child = block.childFor(target);
      if (child !== undefined) return child;
      offset = this.#behind(offset, block.length);
      if (offset >= this.#end) return undefined;
    }
    return undefined;
  }

  /** The block at `offset`; undefined when it is none of refs or of an index. */
  #readBlock(offset: number): ReftableBlock | undefined {
    const headerAt = offset === 0 ? this.#headerBytes : 0;
    const room = this.#end - offset;
    const guess = Math.min(room, this.#blockBytes === 0 ? defaultBlockBytes : this.#blockBytes);
    let bytes = this.#source.read(offset, guess);
    if (bytes.length < headerAt + 4) return undefined;
    const type = String.fromCharCode(bytes[headerAt] ?? 0);
    if (type !== 'r' && type !== 'i') return undefined;
    const length = bytes.readUIntBE(headerAt + 1, 3);
    if (length > room) throw this.#corrupt('a block goes beyond the end of the file');
    if (length > bytes.length) bytes = this.#source.read(offset, length);
    if (length > bytes.length) throw this.#corrupt('the file is shorter than it was');
    // A copy: the source hands out the same buffer again for the next block while this one is read.
    return new ReftableBlock(Buffer.from(bytes.subarray(0, length)), headerAt, this.#source.path);
  }

  /** Where the block behind one of `length` bytes begins: blocks may be padded with NUL up to the size the file names. */
  #behind(offset: number, length: number): number {
    if (length >= this.#blockBytes || offset + length >= this.#end) return offset + length;
    const isPadded = this.#source.read(offset + length, 1)[0] === 0;
    return offset + (isPadded ? this.#blockBytes : length);
  }

  #corrupt(problem: string): Error {
    return corruptTable(this.#source.path, problem);
  }
}
