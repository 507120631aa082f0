import { GitMirrorError } from '../core/error.ts';
import { limits } from '../core/limits.ts';
import type { ObjectFormat } from '../core/object-id.ts';
import { kernelStatus, type Kernel } from '../kernel/kernel.ts';
import { packType } from '../objects/object-type.ts';
import { DeltaBaseCache } from './delta-base-cache.ts';
import { EntryHeader, maxEntryHeaderBytes } from './pack-entry.ts';
import type { PackFile } from './pack-file.ts';
import { PackWindows } from './pack-windows.ts';
import { ScratchBlock } from './scratch-block.ts';

/** Entries that state more are read whole at once, at their length in the pack. */
const maxWindowedBytes = 128 * 1024;
/** As far as this, more is read than the entry may need, to spare finding out where it ends. */
const maxBoundBytes = 1024 * 1024;
/** Deflate makes nothing smaller than by this. */
const maxInflation = 1032;
/** A delta's two sizes. */
const maxDeltaSizesBytes = 20;
const maxRawLength = 32;

/** A pack as the reader needs it. */
export interface ReadablePack {
  readonly file: PackFile;
  /** Start of the entry behind the one at `offset`, or of the trailer; -1 when none begins at `offset`. */
  nextOffset(offset: number): number;
}

/** Where an entry lies. */
export interface EntryPlace {
  pack: ReadablePack;
  offset: number;
}

/** Finds the base of a REF_DELTA: by name, `rawName` being borrowed. Undefined when it is in no pack. */
export type BaseFinder = (rawName: Uint8Array) => EntryPlace | undefined;

/** What a thread shares between all packs that it reads. */
export class PackCaches {
  readonly kernel: Kernel;
  readonly windows: PackWindows;
  readonly bases: DeltaBaseCache;
  /** Of what does not go into the cache: two, so that a base and its result have room. */
  readonly large: readonly [ScratchBlock, ScratchBlock];
  readonly delta: ScratchBlock;
  readonly input: ScratchBlock;
  /** Room for one raw name that is to be looked up. */
  readonly nameAddress: number;

  /** @param baseBytes - for the contents that deltas are built on. */
  constructor(kernel: Kernel, baseBytes: number) {
    this.kernel = kernel;
    this.windows = new PackWindows(kernel.memory);
    this.bases = new DeltaBaseCache(kernel.memory, baseBytes);
    this.large = [new ScratchBlock(kernel.memory), new ScratchBlock(kernel.memory)];
    this.delta = new ScratchBlock(kernel.memory);
    this.input = new ScratchBlock(kernel.memory);
    this.nameAddress = kernel.memory.allocate(maxRawLength);
  }

  release(): void {
    this.windows.release();
    this.bases.release();
    for (const block of [...this.large, this.delta, this.input]) block.release();
    this.kernel.memory.release(this.nameAddress);
  }
}

/**
 * Reads objects out of packs into kernel memory: walks back along the chain of deltas to a base that is whole or cached,
 * and from there builds forward. Fields tell of the object last read, and are borrowed until the next.
 *
 * @throws GitMirrorError from all calls: `GM_CORRUPT` naming the pack; `GM_LIMIT` over `limits.maxHeldObjectBytes`.
 */
export class PackedObjectReader {
  readonly #caches: PackCaches;
  readonly #kernel: Kernel;
  readonly #findBase: BaseFinder;
  /** What `readHeader` decoded last. */
  readonly header: EntryHeader;
  /** Places and sizes of the deltas between the object and the base that was found, the object's own first. */
  readonly #chain: { pack: ReadablePack; offset: number; dataOffset: number; size: number }[] = [];
  #depth = 0;

  /** `packType` of the object: 1 to 4. */
  type = 0;
  address = 0;
  size = 0;
  /** Of the delta that made it, when `hasDelta`: of the base's content, and of the instructions. */
  hasDelta = false;
  baseAddress = 0;
  baseSize = 0;
  deltaAddress = 0;
  deltaSize = 0;

  constructor(caches: PackCaches, format: ObjectFormat, findBase: BaseFinder) {
    this.#caches = caches;
    this.#kernel = caches.kernel;
    this.#findBase = findBase;
    this.header = new EntryHeader(format);
  }

  /** Reads the object whose entry is at `offset`. */
  read(pack: ReadablePack, offset: number): void {
    const { bases } = this.#caches;
    this.hasDelta = false;
    const entry = bases.find(pack.file.id, offset);
    if (entry >= 0) {
      this.#use(entry);
      return;
    }
    this.#readBase(pack, offset, false);
    this.#buildForward();
  }

  /** The same, but a delta is always taken apart: `hasDelta` tells whether the entry is one. */
  readWithDelta(pack: ReadablePack, offset: number): void {
    this.hasDelta = false;
    this.#readBase(pack, offset, true);
    this.#buildForward();
  }

  /** The object's type, following headers only. */
  typeOf(pack: ReadablePack, offset: number): number {
    let at: EntryPlace = { pack, offset };
    for (let depth = 0; depth <= limits.maxDeltaDepth; depth++) {
      const entry = this.#caches.bases.find(at.pack.file.id, at.offset);
      if (entry >= 0) return this.#caches.bases.typeOf(entry);
      const header = this.readHeader(at.pack, at.offset);
      if (header.type < packType.ofsDelta) return header.type;
      at = this.#baseOf(at.pack, at.offset);
    }
    throw tooDeep(pack);
  }

  /** The object's size: a header, or the beginning of a delta. */
  sizeOf(pack: ReadablePack, offset: number): number {
    const { type, size, length } = this.readHeader(pack, offset);
    if (type < packType.ofsDelta) return size;
    const dataOffset = offset + length;
    this.#checkInside(pack, dataOffset);
    const { windows } = this.#caches;
    const output = this.#caches.delta.reserve(maxDeltaSizesBytes);
    const input = windows.at(pack.file, dataOffset);
    const written = this.#kernel.inflatePrefix(
      input,
      input + windows.available,
      output,
      Math.min(size, maxDeltaSizesBytes),
    );
    if (written < 0) throw damaged(pack, 'a delta cannot be inflated');
    return this.#resultSize(pack, output, written);
  }

  /** Decodes the header of the entry at `offset`. Overwritten by the next call. */
  readHeader(pack: ReadablePack, offset: number): EntryHeader {
    this.#checkInside(pack, offset);
    const { windows } = this.#caches;
    const address = windows.at(pack.file, offset);
    const end = address + Math.min(windows.available, maxEntryHeaderBytes);
    const isWhole = decodeHeader(this.header, this.#kernel.memory.bytes, address, end, pack);
    if (!isWhole) throw damaged(pack, `the entry at ${offset} is cut off`);
    return this.header;
  }

  /** Where the base of the delta lies whose header was read last; `offset` is where that header begins. */
  #baseOf(pack: ReadablePack, offset: number): EntryPlace {
    const { type, baseDistance, baseName } = this.header;
    const base =
      type === packType.refDelta
        ? this.#findBase(baseName)
        : offset - baseDistance < firstEntryOffset
          ? undefined
          : { pack, offset: offset - baseDistance };
    if (base === undefined) throw damaged(pack, `the base of the delta at ${offset} is missing`);
    return base;
  }

  /** Fills the chain until a base is in memory, which the fields then tell of. */
  #readBase(firstPack: ReadablePack, firstOffset: number, skipFirst: boolean): void {
    const { bases } = this.#caches;
    let pack = firstPack;
    let offset = firstOffset;
    this.#depth = 0;
    for (;;) {
      if (this.#depth > 0 || !skipFirst) {
        const entry = bases.find(pack.file.id, offset);
        if (entry >= 0) {
          this.#use(entry);
          return;
        }
      }
      const header = this.readHeader(pack, offset);
      const dataOffset = offset + header.length;
      checkHeld(header.size);
      if (header.size > maxBoundBytes) this.#checkPlausible(pack, offset, dataOffset, header.size);
      if (header.type < packType.ofsDelta) {
        this.#readWhole(pack, offset, dataOffset, header.type, header.size);
        return;
      }
      if (this.#depth > limits.maxDeltaDepth) throw tooDeep(pack);
      this.#push(pack, offset, dataOffset, header.size);
      const distance = header.baseDistance;
      if (header.type === packType.ofsDelta) {
        if (offset - distance < firstEntryOffset) throw damaged(pack, `the base of the delta at ${offset} is missing`);
        offset -= distance;
      } else {
        ({ pack, offset } = this.#baseOf(pack, offset));
      }
    }
  }

  #push(pack: ReadablePack, offset: number, dataOffset: number, size: number): void {
    const link = this.#chain[this.#depth];
    if (link === undefined) {
      this.#chain.push({ pack, offset, dataOffset, size });
    } else {
      link.pack = pack;
      link.offset = offset;
      link.dataOffset = dataOffset;
      link.size = size;
    }
    this.#depth++;
  }

  /** Applies the deltas of the chain, the one next to the base first. */
  #buildForward(): void {
    const { bases, delta } = this.#caches;
    while (this.#depth > 0) {
      this.#depth--;
      const link = this.#chain[this.#depth];
      if (link === undefined) return;
      const { pack, offset, size } = link;
      const deltaAddress = delta.reserve(size);
      this.#inflate(pack, offset, link.dataOffset, size, deltaAddress);
      const resultSize = this.#resultSize(pack, deltaAddress, size);
      checkHeld(resultSize);
      const cached = bases.reserve(resultSize, this.address);
      const result = cached >= 0 ? cached : this.#reserveLarge(resultSize);
      const status = this.#kernel.applyDelta(this.address, this.size, deltaAddress, size, result, resultSize);
      if (status < 0) throw damaged(pack, `the delta at ${offset} does not fit its base`);
      if (cached >= 0) bases.keep(pack.file.id, offset, this.type, resultSize);
      this.hasDelta = true;
      this.baseAddress = this.address;
      this.baseSize = this.size;
      this.deltaAddress = deltaAddress;
      this.deltaSize = size;
      this.address = result;
      this.size = resultSize;
    }
  }

  #readWhole(pack: ReadablePack, offset: number, dataOffset: number, type: number, size: number): void {
    const { bases } = this.#caches;
    const cached = bases.reserve(size, -1);
    const address = cached >= 0 ? cached : this.#reserveLarge(size);
    this.#inflate(pack, offset, dataOffset, size, address);
    if (cached >= 0) bases.keep(pack.file.id, offset, type, size);
    this.type = type;
    this.address = address;
    this.size = size;
  }

  #reserveLarge(size: number): number {
    const [first, second] = this.#caches.large;
    return (first.holds(this.address) ? second : first).reserve(size);
  }

  #inflate(pack: ReadablePack, offset: number, dataOffset: number, size: number, output: number): void {
    this.#checkInside(pack, dataOffset);
    const kernel = this.#kernel;
    let taken: number = kernelStatus.truncated;
    if (size <= maxWindowedBytes) {
      const { windows } = this.#caches;
      const input = windows.at(pack.file, dataOffset);
      taken = kernel.inflate(input, input + windows.available, output, size);
    } else if (size <= maxBoundBytes) {
      taken = this.#inflateDirectly(pack, dataOffset, dataOffset + size + (size >>> 8) + 64, output, size);
    }
    if (taken === kernelStatus.truncated) {
      const end = pack.nextOffset(offset);
      if (end < dataOffset) throw damaged(pack, `no entry begins at ${offset}`);
      taken = this.#inflateDirectly(pack, dataOffset, end, output, size);
    }
    if (taken === kernelStatus.wrongSize) throw damaged(pack, `the entry at ${offset} is not as large as it states`);
    if (taken < 0) throw damaged(pack, `the entry at ${offset} cannot be inflated`);
  }

  /** Inflates what lies between two offsets, without the windows. */
  #inflateDirectly(pack: ReadablePack, start: number, wantedEnd: number, output: number, size: number): number {
    const length = Math.min(wantedEnd, pack.file.end) - start;
    // Compressed data can be longer than what it holds, but not by this much, whatever the pack says.
    checkHeld(length / 2);
    const input = this.#caches.input.reserve(length);
    pack.file.file.read(start, this.#kernel.memory.bytes, input, length);
    return this.#kernel.inflate(input, input + length, output, size);
  }

  #use(entry: number): void {
    const { bases } = this.#caches;
    this.type = bases.typeOf(entry);
    this.address = bases.addressOf(entry);
    this.size = bases.sizeOf(entry);
  }

  /** The second of the two sizes in front of a delta's instructions. */
  #resultSize(pack: ReadablePack, delta: number, size: number): number {
    const { bytes } = this.#kernel.memory;
    let at = delta;
    const end = delta + Math.min(size, maxDeltaSizesBytes);
    while (at < end && (bytes[at] ?? 0) >= 0x80) at++;
    at++;
    let result = 0;
    for (let scale = 1; at < end && scale <= 2 ** 45; scale *= 128) {
      const byte = bytes[at++] ?? 0;
      result += (byte & 0x7f) * scale;
      if (byte < 0x80) return result;
    }
    throw damaged(pack, 'the sizes of a delta are malformed');
  }

  /** Before room is made for what is stated: whether that much can be in the entry at all. */
  #checkPlausible(pack: ReadablePack, offset: number, dataOffset: number, size: number): void {
    const compressed = pack.nextOffset(offset) - dataOffset;
    if (size > compressed * maxInflation) throw damaged(pack, `the entry at ${offset} is not as large as it states`);
  }

  #checkInside(pack: ReadablePack, offset: number): void {
    if (offset < firstEntryOffset || offset >= pack.file.end) throw damaged(pack, `an entry would begin at ${offset}`);
  }
}

/** Entries begin behind the pack's header. */
const firstEntryOffset = 12;

function decodeHeader(header: EntryHeader, bytes: Uint8Array, at: number, end: number, pack: ReadablePack): boolean {
  try {
    return header.decode(bytes, at, end);
  } catch (cause) {
    if (!(cause instanceof GitMirrorError)) throw cause;
    throw pack.file.file.corrupt('the header of an entry is malformed');
  }
}

function checkHeld(size: number): void {
  if (size <= limits.maxHeldObjectBytes) return;
  throw new GitMirrorError('GM_LIMIT', `Reading an object: its ${size} bytes are too many to be held in memory.`, {
    details: { limit: 'maxHeldObjectBytes', bytes: size, maxBytes: limits.maxHeldObjectBytes },
  });
}

function damaged(pack: ReadablePack, problem: string): GitMirrorError {
  return pack.file.file.corrupt(problem);
}

function tooDeep(pack: ReadablePack): GitMirrorError {
  return damaged(pack, `a chain of deltas is longer than ${limits.maxDeltaDepth}, or has no end`);
}
