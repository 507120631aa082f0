import { GitMirrorError, isGitMirrorError } from '../core/error.ts';
import { decodeObjectId, encodeObjectId, rawLength, type ObjectFormat, type ObjectId } from '../core/object-id.ts';
import type { Kernel, NameTable } from '../kernel/kernel.ts';
import { objectTypeName, objectTypeNumber, packType, type ObjectType } from '../objects/object-type.ts';
import { PackedObjectReader, type EntryPlace, type PackCaches } from '../pack/packed-object-reader.ts';
import { openBitmaps } from './bitmaps/open-bitmaps.ts';
import type { FileBitmaps } from './bitmaps/file-bitmaps.ts';
import type { CommitGraph } from './commit-graph.ts';
import type { FileCommitGraph } from './commit-graph/file-commit-graph.ts';
import { openCommitGraph } from './commit-graph/open-commit-graph.ts';
import type { DatabasePack } from './database-pack.ts';
import { ExtraObjects, noPack } from './extra-objects.ts';
import { LaterPacks, type PackPlace } from './later-packs.ts';
import { LooseObjects } from './loose-objects.ts';
import type { NameSource } from './name-source.ts';
import type { DeltaContent, ObjectContent, ObjectDatabase, StoredEntry } from './object-database.ts';
import type { ObjectNumber } from './object-number.ts';
import { listPacks, type PackListing } from './pack-directory.ts';
import { closePackSet, openPackSet, type PackSet } from './pack-set.ts';
import type { ReachabilityBitmaps } from './reachability-bitmaps.ts';

/** Tries at a repository whose packs go while they are being opened. What is missed is looked for later. */
const maxOpenAttempts = 4;

/** What a database is opened with. */
export interface ObjectDatabaseOptions {
  /** The repository's own `objects` folder, and those of its alternates behind it. */
  readonly objectDirectories: readonly string[];
  readonly format: ObjectFormat;
  /** Shared by all databases of a thread: one that reads overwrites what another has returned. */
  readonly caches: PackCaches;
  readonly isPartial?: boolean | undefined;
  /** core.multiPackIndex. Default true, as are the next two. */
  readonly useMultiPackIndex?: boolean | undefined;
  /** core.commitGraph, and nothing that forbids it: no grafts, not shallow. */
  readonly useCommitGraph?: boolean | undefined;
  /** pack.useBitmaps */
  readonly useBitmaps?: boolean | undefined;
  /** commitGraph.generationVersion: 1 for topological levels. Default 2. */
  readonly generationVersion?: number | undefined;
}

/**
 * Opens the objects of a repository. The caller closes the database.
 *
 * @throws GitMirrorError `GM_SYSTEM` when a folder or file cannot be read; `GM_LIMIT` when the indexes do not fit in.
 */
export function openObjectDatabase(options: ObjectDatabaseOptions): FileObjectDatabase {
  return new FileObjectDatabase(options);
}

/** @see ObjectDatabase */
export class FileObjectDatabase implements ObjectDatabase {
  readonly format: ObjectFormat;
  readonly rawLength: number;
  readonly kernel: Kernel;
  readonly packs: readonly DatabasePack[];
  readonly tables: readonly NameTable[];
  readonly packedCount: number;
  readonly isPartial: boolean;
  readonly #options: ObjectDatabaseOptions;
  readonly #caches: PackCaches;
  readonly #set: PackSet;
  readonly #packs: DatabasePack[];
  readonly #first: NameSource;
  readonly #firstCount: number;
  readonly #second: NameSource | undefined;
  readonly #problems: GitMirrorError[];
  readonly #extras: ExtraObjects;
  readonly #later: LaterPacks;
  readonly #loose: LooseObjects;
  readonly #reader: PackedObjectReader;
  /** Where objects are now whose pack was gone before it was opened, by number. */
  readonly #moved = new Map<ObjectNumber, PackPlace>();
  /** `packType` of objects that has been found out, by number; 0 where it has not. */
  #types: Uint8Array;
  /** Opened on first use; null when there is none. */
  #commitGraph: FileCommitGraph | null | undefined;
  #bitmaps: FileBitmaps | null | undefined;
  #lookup = 0;
  #foundOffset = 0;
  #isClosed = false;

  constructor(options: ObjectDatabaseOptions) {
    const { format, caches } = options;
    this.format = format;
    this.rawLength = rawLength(format);
    this.kernel = caches.kernel;
    this.isPartial = options.isPartial ?? false;
    this.#caches = caches;
    const { listings, set } = openPacks(options);
    this.#options = options;
    this.#set = set;
    this.#packs = [...set.packs];
    this.packs = this.#packs;
    this.#problems = [...set.problems];
    const [first, second] = set.sources;
    if (first === undefined) throw new GitMirrorError('GM_INTERNAL', 'Opening objects: there is no table of names.');
    this.#first = first;
    this.#firstCount = first.table.count;
    this.#second = second;
    this.tables = set.sources.map(({ table }) => table);
    this.packedCount = this.tables.reduce((sum, { count }) => sum + count, 0);
    this.#types = new Uint8Array(this.packedCount + 16);
    this.#extras = new ExtraObjects(format);
    this.#later = new LaterPacks(this.kernel, format, options.objectDirectories, listings, this.#packs, (address) =>
      this.numberFor(address),
    );
    this.#loose = new LooseObjects(options.objectDirectories, caches);
    this.#reader = new PackedObjectReader(caches, format, (rawName) => this.#findBase(rawName));
  }

  get numberLimit(): number {
    return this.packedCount + this.#extras.count;
  }

  get commitGraph(): CommitGraph | undefined {
    if (this.#options.useCommitGraph === false) return undefined;
    if (this.#commitGraph !== undefined) return this.#commitGraph ?? undefined;
    this.#commitGraph =
      openCommitGraph({
        objectDirectories: this.#options.objectDirectories,
        format: this.format,
        kernel: this.kernel,
        useDates: (this.#options.generationVersion ?? 2) >= 2,
      }) ?? null;
    return this.#commitGraph ?? undefined;
  }

  get bitmaps(): ReachabilityBitmaps | undefined {
    if (this.#options.useBitmaps === false) return undefined;
    const { packs, multiPackIndexes } = this.#set;
    if (this.#bitmaps !== undefined) return this.#bitmaps ?? undefined;
    this.#bitmaps =
      openBitmaps({ format: this.format, packs, multiPackIndexes, packedCount: this.packedCount }) ?? null;
    return this.#bitmaps ?? undefined;
  }

  /** Has objects that were not here looked for again: to be called at the beginning of a request. */
  refresh(): void {
    this.#lookup++;
  }

  numberOf(oid: ObjectId): ObjectNumber {
    if (oid.length !== this.rawLength * 2) return -1;
    const { nameAddress } = this.#caches;
    this.kernel.memory.bytes.set(encodeObjectId(oid), nameAddress);
    return this.numberOfRaw(nameAddress);
  }

  numberOfRaw(address: number): ObjectNumber {
    const number = this.#packedNumber(address);
    if (number >= 0) return number;
    const { bytes } = this.kernel.memory;
    const known = this.#extras.find(bytes, address);
    if (known >= 0) return this.#placeOfExtra(known) === noPack.missing ? -1 : this.packedCount + known;
    // Names that are not here are not remembered: a client may send any number of them.
    if (!this.#loose.has(decodeObjectId(bytes, address, this.format)) && this.#later.find(address) === undefined) {
      return -1;
    }
    return this.packedCount + this.#extras.add(bytes, address);
  }

  numberFor(address: number): ObjectNumber {
    const number = this.#packedNumber(address);
    return number >= 0 ? number : this.packedCount + this.#extras.add(this.kernel.memory.bytes, address);
  }

  has(number: ObjectNumber): boolean {
    return number < this.packedCount || this.#locate(number) !== noPack.missing;
  }

  oidOf(number: ObjectNumber): ObjectId {
    const [bytes, offset] = this.#name(number);
    return decodeObjectId(bytes, offset, this.format);
  }

  copyName(number: ObjectNumber, target: Uint8Array, at: number): void {
    const [bytes, offset] = this.#name(number);
    for (let index = 0; index < this.rawLength; index++) target[at + index] = bytes[offset + index] ?? 0;
  }

  typeOf(number: ObjectNumber): ObjectType {
    const known = this.#types[number] ?? 0;
    return typeName(known > 0 ? known : this.#findType(number));
  }

  sizeOf(number: ObjectNumber): number {
    const pack = this.#locate(number);
    if (pack >= 0) {
      return this.#named(number, () => this.#reader.sizeOf(this.#packAt(pack), this.#foundOffset));
    }
    return this.#looseHeader(number).size;
  }

  read(number: ObjectNumber): ObjectContent {
    const pack = this.#locate(number);
    if (pack < 0) return this.#readLoose(number);
    const reader = this.#reader;
    try {
      reader.read(this.#packAt(pack), this.#foundOffset);
    } catch (error) {
      throw this.#nameObject(error, number);
    }
    this.#rememberType(number, reader.type);
    return { type: typeName(reader.type), address: reader.address, size: reader.size };
  }

  readDelta(number: ObjectNumber): DeltaContent | undefined {
    const place = this.#locate(number);
    if (place < 0) return undefined;
    const reader = this.#reader;
    const offset = this.#foundOffset;
    const pack = this.#packAt(place);
    return this.#named(number, () => {
      if (reader.readHeader(pack, offset).type < packType.ofsDelta) return undefined;
      const baseNumber = this.#numberAtBase(pack, offset);
      reader.readWithDelta(pack, offset);
      this.#rememberType(number, reader.type);
      const { address, size, baseAddress, baseSize, deltaAddress, deltaSize } = reader;
      return { type: typeName(reader.type), address, size, baseNumber, baseAddress, baseSize, deltaAddress, deltaSize };
    });
  }

  readEntry(number: ObjectNumber, entry: StoredEntry): void {
    const place = this.#locate(number);
    entry.pack = place;
    entry.baseNumber = -1;
    entry.baseOffset = 0;
    if (place < 0) {
      const { type, size } = this.#looseHeader(number);
      entry.pack = -1;
      entry.type = objectTypeNumber(type);
      entry.size = size;
      return;
    }
    const offset = this.#foundOffset;
    const pack = this.#packAt(place);
    try {
      const header = this.#reader.readHeader(pack, offset);
      entry.offset = offset;
      entry.dataOffset = offset + header.length;
      entry.type = header.type;
      entry.size = header.size;
      entry.end = pack.nextOffset(offset);
      if (entry.end < 0) throw pack.file.file.corrupt(`no entry begins at ${offset}`);
      if (header.type >= packType.ofsDelta) entry.baseNumber = this.#numberAtBase(pack, offset);
      if (header.type === packType.ofsDelta) entry.baseOffset = offset - header.baseDistance;
    } catch (error) {
      throw this.#nameObject(error, number);
    }
  }

  placeEntry(number: ObjectNumber, entry: StoredEntry): void {
    const place = this.#locate(number);
    entry.pack = Math.max(place, -1);
    entry.offset = place < 0 ? 0 : this.#foundOffset;
  }

  loosePath(number: ObjectNumber): string | undefined {
    return this.#locate(number) < 0 ? this.#loose.find(this.oidOf(number)) : undefined;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const files = closePackSet(this.#set, this.#packs, this.kernel);
    for (const file of files) this.#caches.windows.forget(file);
    this.#later.close();
    this.#commitGraph?.close();
    this.#bitmaps?.close();
  }

  #packedNumber(address: number): ObjectNumber {
    const position = this.kernel.findName(this.#first.table, this.rawLength, address);
    if (position >= 0 || this.#second === undefined) return position;
    const further = this.kernel.findName(this.#second.table, this.rawLength, address);
    return further < 0 ? -1 : this.#firstCount + further;
  }

  /** Index of the pack that holds the object, its entry at `#foundOffset`; or one of {@link noPack}. */
  #locate(number: ObjectNumber): number {
    if (number >= this.packedCount) {
      const extra = number - this.packedCount;
      const place = this.#placeOfExtra(extra);
      this.#foundOffset = this.#extras.offsetOf(extra);
      return place;
    }
    const source = number < this.#firstCount ? this.#first : this.#second;
    const position = number < this.#firstCount ? number : number - this.#firstCount;
    if (source === undefined || number < 0) {
      throw new GitMirrorError('GM_INTERNAL', `There is no object with the number ${number}.`);
    }
    const pack = source.packOf(position);
    this.#foundOffset = source.offsetOf(position);
    return this.#packs[pack]?.isOpen === true ? pack : this.#openPackOf(number, pack);
  }

  /** Opens a pack on first use. When it is gone, its objects are in a new one, or loose. */
  #openPackOf(number: ObjectNumber, pack: number): number {
    const moved = this.#moved.get(number);
    if (moved !== undefined) {
      this.#foundOffset = moved.offset;
      return this.#packs.indexOf(moved.pack);
    }
    if (this.#named(number, () => this.#packAt(pack).open())) return pack;
    const { nameAddress } = this.#caches;
    this.copyName(number, this.kernel.memory.bytes, nameAddress);
    const found = this.#later.find(nameAddress);
    if (found === undefined) return this.#loose.has(this.oidOf(number)) ? noPack.loose : noPack.missing;
    this.#moved.set(number, found);
    this.#foundOffset = found.offset;
    return this.#packs.indexOf(found.pack);
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
    const { nameAddress } = this.#caches;
    const start = extra * this.rawLength;
    this.kernel.memory.bytes.set(this.#extras.names.subarray(start, start + this.rawLength), nameAddress);
    const found = this.#later.find(nameAddress);
    const place = found === undefined ? noPack.missing : this.#packs.indexOf(found.pack);
    this.#extras.place(extra, place, found?.offset ?? -1, this.#lookup);
    return place;
  }

  #findBase(rawName: Uint8Array): EntryPlace | undefined {
    const { nameAddress } = this.#caches;
    this.kernel.memory.bytes.set(rawName, nameAddress);
    const number = this.numberOfRaw(nameAddress);
    if (number < 0) return undefined;
    const place = this.#locate(number);
    return place < 0 ? undefined : { pack: this.#packAt(place), offset: this.#foundOffset };
  }

  /** Number of the base of the delta whose header was read last, -1 when it is missing. */
  #numberAtBase(pack: DatabasePack, offset: number): ObjectNumber {
    const { type, baseDistance, baseName } = this.#reader.header;
    if (type === packType.ofsDelta) return pack.numberAtOffset(offset - baseDistance);
    const { nameAddress } = this.#caches;
    this.kernel.memory.bytes.set(baseName, nameAddress);
    return this.numberOfRaw(nameAddress);
  }

  #findType(number: ObjectNumber): number {
    const place = this.#locate(number);
    const type =
      place < 0
        ? objectTypeNumber(this.#looseHeader(number).type)
        : this.#named(number, () => this.#reader.typeOf(this.#packAt(place), this.#foundOffset));
    this.#rememberType(number, type);
    return type;
  }

  #rememberType(number: ObjectNumber, type: number): void {
    if (number >= this.#types.length) {
      const larger = new Uint8Array(Math.ceil(number * 1.5));
      larger.set(this.#types);
      this.#types = larger;
    }
    this.#types[number] = type;
  }

  #readLoose(number: ObjectNumber): ObjectContent {
    const content = this.#loose.read(this.oidOf(number));
    if (content !== undefined) {
      this.#rememberType(number, objectTypeNumber(content.type));
      return content;
    }
    this.#lookAgain(number);
    return this.read(number);
  }

  #looseHeader(number: ObjectNumber): { readonly type: ObjectType; readonly size: number } {
    const header = this.#loose.readHeader(this.oidOf(number));
    if (header !== undefined) return header;
    this.#lookAgain(number);
    return { type: this.typeOf(number), size: this.sizeOf(number) };
  }

  /** For a loose object that is gone: it has been packed meanwhile, or is missing. */
  #lookAgain(number: ObjectNumber): void {
    const oid = this.oidOf(number);
    this.#lookup++;
    if (number >= this.packedCount && this.#lookForExtra(number - this.packedCount) >= 0) return;
    const [problem] = this.#problems;
    const reason = problem === undefined ? '' : ` (${problem.message.replace(/\.$/, '')})`;
    throw new GitMirrorError(
      problem === undefined ? 'GM_NOT_FOUND' : 'GM_CORRUPT',
      `Reading object ${oid}: it is missing${reason}.`,
      { details: { oid } },
    );
  }

  #packAt(index: number): DatabasePack {
    const pack = this.#packs[index];
    if (pack === undefined) throw new GitMirrorError('GM_CORRUPT', 'Reading an object: an index names no pack.');
    return pack;
  }

  #name(number: ObjectNumber): readonly [Uint8Array, number] {
    if (number >= this.packedCount) return [this.#extras.names, (number - this.packedCount) * this.rawLength];
    const isFirst = number < this.#firstCount;
    const table = isFirst ? this.#first.table : this.#second?.table;
    const position = isFirst ? number : number - this.#firstCount;
    return [this.kernel.memory.bytes, (table?.names ?? 0) + position * this.rawLength];
  }

  #named<Result>(number: ObjectNumber, action: () => Result): Result {
    try {
      return action();
    } catch (error) {
      throw this.#nameObject(error, number);
    }
  }

  /** Puts the object's name in front of what is wrong with its pack. */
  #nameObject(error: unknown, number: ObjectNumber): unknown {
    if (!isGitMirrorError(error)) return error;
    const oid = this.oidOf(number);
    return new GitMirrorError(error.code, `Reading object ${oid}: ${error.message}`, {
      details: { ...error.details, oid },
      cause: error,
    });
  }
}

/** Lists and opens the packs, again when some of them have gone in between: then others have taken their place. */
function openPacks(options: ObjectDatabaseOptions): {
  readonly listings: readonly PackListing[];
  readonly set: PackSet;
} {
  const { kernel } = options.caches;
  const useMultiPackIndex = options.useMultiPackIndex ?? true;
  for (let attempt = 1; ; attempt++) {
    const listings = options.objectDirectories.map((directory) => listPacks(directory));
    const set = openPackSet(kernel, options.format, listings, { useMultiPackIndex });
    if (set.isComplete || attempt === maxOpenAttempts) return { listings, set };
    closePackSet(set, set.packs, kernel);
  }
}

function typeName(number: number): ObjectType {
  const name = objectTypeName(number);
  if (name === undefined) throw new GitMirrorError('GM_INTERNAL', 'Reading an object: its type was not found out.');
  return name;
}
