import { GitMirrorError, isGitMirrorError } from '../core/error.ts';
import { decodeObjectId, encodeObjectId, rawLength, type ObjectFormat, type ObjectId } from '../core/object-id.ts';
import type { Kernel, NameTable } from '../kernel/kernel.ts';
import type { PackCaches } from '../pack/packed-object-reader.ts';
import type { DatabasePack } from './database-pack.ts';
import { ExtraObjects, noPack } from './extra-objects.ts';
import { LaterPacks } from './later-packs.ts';
import type { LooseObjects } from './loose-objects.ts';
import type { NameSource } from './name-source.ts';
import type { ObjectNumber } from './object-number.ts';
import type { PackListing } from './pack-directory.ts';
import type { PackSet } from './pack-set.ts';

/** Where an object is that is no longer where it was: a pack and offset, or loose. */
interface MovedPlace {
  readonly pack: number;
  readonly offset: number;
}

/** What {@link ObjectPlaces} is made of. */
export interface ObjectPlacesOptions {
  readonly objectDirectories: readonly string[];
  readonly format: ObjectFormat;
  readonly caches: PackCaches;
  readonly loose: LooseObjects;
}

/**
 * The number that each name has, and where each number's object lies: in the packs that the database was opened with, loose,
 * or in packs that came later.
 */
export class ObjectPlaces {
  /** All packs; those that come later are added. */
  readonly packs: readonly DatabasePack[];
  readonly tables: readonly NameTable[];
  readonly packedCount: number;
  /** Where the entry begins that `locate` found last. */
  offset = 0;
  readonly #format: ObjectFormat;
  readonly #rawLength: number;
  readonly #kernel: Kernel;
  readonly #nameAddress: number;
  readonly #packs: DatabasePack[];
  readonly #first: NameSource;
  readonly #firstCount: number;
  readonly #second: NameSource | undefined;
  readonly #extras: ExtraObjects;
  readonly #later: LaterPacks;
  readonly #loose: LooseObjects;
  /** Objects whose pack was gone before it was opened, or is damaged where they lie. */
  readonly #moved = new Map<ObjectNumber, MovedPlace>();
  #lookup = 0;

  constructor(set: PackSet, listings: readonly PackListing[], options: ObjectPlacesOptions) {
    const { format, caches } = options;
    this.#format = format;
    this.#rawLength = rawLength(format);
    this.#kernel = caches.kernel;
    this.#nameAddress = caches.nameAddress;
    this.#packs = [...set.packs];
    this.packs = this.#packs;
    const [first, second] = set.sources;
    if (first === undefined) throw new GitMirrorError('GM_INTERNAL', 'Opening objects: there is no table of names.');
    this.#first = first;
    this.#firstCount = first.table.count;
    this.#second = second;
    this.tables = set.sources.map(({ table }) => table);
    this.packedCount = this.tables.reduce((sum, { count }) => sum + count, 0);
    this.#extras = new ExtraObjects(format);
    this.#later = new LaterPacks(this.#kernel, format, options.objectDirectories, listings, this.#packs, (address) =>
      this.numberFor(address),
    );
    this.#loose = options.loose;
  }

  /** Every number given so far is below this. */
  get numberLimit(): number {
    return this.packedCount + this.#extras.count;
  }

  /** Has objects that were not here looked for again. */
  refresh(): void {
    this.#lookup++;
  }

  numberOf(oid: ObjectId): ObjectNumber {
    if (oid.length !== this.#rawLength * 2) return -1;
    this.#kernel.memory.bytes.set(encodeObjectId(oid), this.#nameAddress);
    return this.numberOfRaw(this.#nameAddress);
  }

  numberOfRaw(address: number): ObjectNumber {
    const number = this.#packedNumber(address);
    if (number >= 0) return number;
    const { bytes } = this.#kernel.memory;
    const known = this.#extras.find(bytes, address);
    if (known >= 0) return this.#placeOfExtra(known) === noPack.missing ? -1 : this.packedCount + known;
    // Names that are not here are not remembered: a client may send any number of them.
    if (!this.#loose.has(decodeObjectId(bytes, address, this.#format)) && this.#later.find(address) === undefined) {
      return -1;
    }
    return this.packedCount + this.#extras.add(bytes, address);
  }

  numberFor(address: number): ObjectNumber {
    const number = this.#packedNumber(address);
    return number >= 0 ? number : this.packedCount + this.#extras.add(this.#kernel.memory.bytes, address);
  }

  oidOf(number: ObjectNumber): ObjectId {
    const [bytes, offset] = this.#name(number);
    return decodeObjectId(bytes, offset, this.#format);
  }

  copyName(number: ObjectNumber, target: Uint8Array, at: number): void {
    const [bytes, offset] = this.#name(number);
    for (let index = 0; index < this.#rawLength; index++) target[at + index] = bytes[offset + index] ?? 0;
  }

  /**
   * Index of the pack that holds the object, its entry at `offset`; or one of {@link noPack}.
   *
   * @throws GitMirrorError `GM_CORRUPT` when its pack is not that of its index.
   */
  locate(number: ObjectNumber): number {
    if (number >= this.packedCount) {
      const extra = number - this.packedCount;
      const place = this.#placeOfExtra(extra);
      this.offset = this.#extras.offsetOf(extra);
      return place;
    }
    const moved = this.#moved.size > 0 ? this.#moved.get(number) : undefined;
    if (moved !== undefined) {
      this.offset = moved.offset;
      return moved.pack;
    }
    const source = number < this.#firstCount ? this.#first : this.#second;
    const position = number < this.#firstCount ? number : number - this.#firstCount;
    if (source === undefined || number < 0) {
      throw new GitMirrorError('GM_INTERNAL', `There is no object with the number ${number}.`);
    }
    const pack = source.packOf(position);
    this.offset = source.offsetOf(position);
    return this.#packs[pack]?.isOpen === true ? pack : this.#openPackOf(number, pack);
  }

  /** The pack with this index. */
  packAt(index: number): DatabasePack {
    const pack = this.#packs[index];
    if (pack === undefined) throw new GitMirrorError('GM_CORRUPT', 'Reading an object: an index names no pack.');
    return pack;
  }

  /** For a loose object that is gone: whether it is somewhere else now. */
  findAgain(number: ObjectNumber): boolean {
    this.#lookup++;
    return number >= this.packedCount && this.#lookForExtra(number - this.packedCount) >= 0;
  }

  /**
   * For an object that cannot be read where it is: whether another copy was found, which is then the one that counts. Once
   * for each object.
   */
  moveElsewhere(number: ObjectNumber): boolean {
    if (number >= this.packedCount || this.#moved.has(number)) return false;
    const source = number < this.#firstCount ? this.#first : this.#second;
    const current = source?.packOf(number < this.#firstCount ? number : number - this.#firstCount);
    for (const [index, pack] of this.#packs.entries()) {
      const offset = index === current ? -1 : offsetIn(pack, number);
      if (offset < 0) continue;
      this.#moved.set(number, { pack: index, offset });
      return true;
    }
    if (!this.#loose.has(this.oidOf(number))) return false;
    this.#moved.set(number, { pack: noPack.loose, offset: -1 });
    return true;
  }

  close(): void {
    this.#later.close();
  }

  #packedNumber(address: number): ObjectNumber {
    const position = this.#kernel.findName(this.#first.table, this.#rawLength, address);
    if (position >= 0 || this.#second === undefined) return position;
    const further = this.#kernel.findName(this.#second.table, this.#rawLength, address);
    return further < 0 ? -1 : this.#firstCount + further;
  }

  /** Opens a pack on first use. When it is gone, its objects are in a new one, or loose. */
  #openPackOf(number: ObjectNumber, pack: number): number {
    if (this.packAt(pack).open()) return pack;
    this.copyName(number, this.#kernel.memory.bytes, this.#nameAddress);
    const found = this.#later.find(this.#nameAddress);
    if (found === undefined) return this.#loose.has(this.oidOf(number)) ? noPack.loose : noPack.missing;
    const moved = { pack: this.#packs.indexOf(found.pack), offset: found.offset };
    this.#moved.set(number, moved);
    this.offset = moved.offset;
    return moved.pack;
  }

  #placeOfExtra(extra: number): number {
    const place = this.#extras.packOf(extra);
    if (place >= noPack.loose) return place;
    if (place === noPack.missing && this.#extras.lookedAt(extra) === this.#lookup) return place;
    return this.#lookForExtra(extra);
  }

  #lookForExtra(extra: number): number {
    if (this.#loose.has(this.#extras.oidAt(extra))) {
      this.#extras.place(extra, noPack.loose, -1, this.#lookup);
      return noPack.loose;
    }
    const start = extra * this.#rawLength;
    this.#kernel.memory.bytes.set(this.#extras.names.subarray(start, start + this.#rawLength), this.#nameAddress);
    const found = this.#later.find(this.#nameAddress);
    const place = found === undefined ? noPack.missing : this.#packs.indexOf(found.pack);
    this.#extras.place(extra, place, found?.offset ?? -1, this.#lookup);
    return place;
  }

  /** Bytes that hold the name, and where. */
  #name(number: ObjectNumber): readonly [Uint8Array, number] {
    if (number >= this.packedCount) return [this.#extras.names, (number - this.packedCount) * this.#rawLength];
    const isFirst = number < this.#firstCount;
    const table = isFirst ? this.#first.table : this.#second?.table;
    const position = isFirst ? number : number - this.#firstCount;
    return [this.#kernel.memory.bytes, (table?.names ?? 0) + position * this.#rawLength];
  }
}

/** Where the object's entry begins in a pack; -1 when it is not in it, or the pack cannot be used. */
function offsetIn(pack: DatabasePack, number: ObjectNumber): number {
  try {
    return pack.open() ? pack.offsetOfNumber(number) : -1;
  } catch (error) {
    if (!isGitMirrorError(error)) throw error;
    return -1;
  }
}
