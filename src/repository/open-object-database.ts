import { GitMirrorError, isGitMirrorError } from '../core/error.ts';
import { rawLength, type ObjectFormat, type ObjectId } from '../core/object-id.ts';
import type { Kernel, NameTable } from '../kernel/kernel.ts';
import { objectTypeName, objectTypeNumber, packType, type ObjectType } from '../objects/object-type.ts';
import { PackedObjectReader, type EntryPlace, type PackCaches } from '../pack/packed-object-reader.ts';
import { openBitmaps } from './bitmaps/open-bitmaps.ts';
import type { FileBitmaps } from './bitmaps/file-bitmaps.ts';
import type { CommitGraph } from './commit-graph.ts';
import type { FileCommitGraph } from './commit-graph/file-commit-graph.ts';
import { openCommitGraph } from './commit-graph/open-commit-graph.ts';
import type { DatabasePack } from './database-pack.ts';
import { noPack } from './extra-objects.ts';
import { LooseObjects } from './loose-objects.ts';
import type { DeltaContent, ObjectContent, ObjectDatabase, StoredEntry } from './object-database.ts';
import type { ObjectNumber } from './object-number.ts';
import { ObjectPlaces } from './object-places.ts';
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
  readonly #problems: GitMirrorError[];
  readonly #loose: LooseObjects;
  readonly #places: ObjectPlaces;
  readonly #reader: PackedObjectReader;
  /** `packType` of objects that has been found out, by number; 0 where it has not. */
  #types: Uint8Array;
  /** Opened on first use; null when there is none. */
  #commitGraph: FileCommitGraph | null | undefined;
  #bitmaps: FileBitmaps | null | undefined;
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
    this.#problems = [...set.problems];
    this.#loose = new LooseObjects(options.objectDirectories, caches);
    this.#places = new ObjectPlaces(set, listings, { ...options, loose: this.#loose });
    this.packs = this.#places.packs;
    this.tables = this.#places.tables;
    this.packedCount = this.#places.packedCount;
    this.#types = new Uint8Array(this.packedCount + 16);
    this.#reader = new PackedObjectReader(caches, format, (rawName) => this.#findBase(rawName));
  }

  get numberLimit(): number {
    return this.#places.numberLimit;
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
    this.#places.refresh();
  }

  numberOf(oid: ObjectId): ObjectNumber {
    return this.#places.numberOf(oid);
  }

  numberOfRaw(address: number): ObjectNumber {
    return this.#places.numberOfRaw(address);
  }

  numberFor(address: number): ObjectNumber {
    return this.#places.numberFor(address);
  }

  has(number: ObjectNumber): boolean {
    return number < this.packedCount || this.#places.locate(number) !== noPack.missing;
  }

  oidOf(number: ObjectNumber): ObjectId {
    return this.#places.oidOf(number);
  }

  copyName(number: ObjectNumber, target: Uint8Array, at: number): void {
    this.#places.copyName(number, target, at);
  }

  typeOf(number: ObjectNumber): ObjectType {
    const known = this.#types[number] ?? 0;
    return typeName(known > 0 ? known : this.#findType(number));
  }

  sizeOf(number: ObjectNumber): number {
    const pack = this.#locate(number);
    if (pack >= 0) {
      const size = (at: DatabasePack, offset: number): number => this.#reader.sizeOf(at, offset);
      return this.#inPack(number, pack, size, () => this.sizeOf(number));
    }
    return this.#looseHeader(number).size;
  }

  read(number: ObjectNumber): ObjectContent {
    const pack = this.#locate(number);
    if (pack < 0) return this.#readLoose(number);
    const reader = this.#reader;
    try {
      reader.read(this.#places.packAt(pack), this.#places.offset);
    } catch (error) {
      this.#moveOrThrow(number, error);
      return this.read(number);
    }
    this.#rememberType(number, reader.type);
    return { type: typeName(reader.type), address: reader.address, size: reader.size };
  }

  readDelta(number: ObjectNumber): DeltaContent | undefined {
    const place = this.#locate(number);
    if (place < 0) return undefined;
    const readAt = (pack: DatabasePack, offset: number): DeltaContent | undefined => {
      const reader = this.#reader;
      if (reader.readHeader(pack, offset).type < packType.ofsDelta) return undefined;
      const baseNumber = this.#numberAtBase(pack, offset);
      reader.readWithDelta(pack, offset);
      this.#rememberType(number, reader.type);
      const { address, size, baseAddress, baseSize, deltaAddress, deltaSize } = reader;
      return { type: typeName(reader.type), address, size, baseNumber, baseAddress, baseSize, deltaAddress, deltaSize };
    };
    return this.#inPack(number, place, readAt, () => this.readDelta(number));
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
    const offset = this.#places.offset;
    const pack = this.#places.packAt(place);
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
      this.#moveOrThrow(number, error);
      this.readEntry(number, entry);
    }
  }

  placeEntry(number: ObjectNumber, entry: StoredEntry): void {
    const place = this.#locate(number);
    entry.pack = Math.max(place, -1);
    entry.offset = place < 0 ? 0 : this.#places.offset;
  }

  loosePath(number: ObjectNumber): string | undefined {
    return this.#locate(number) < 0 ? this.#loose.find(this.oidOf(number)) : undefined;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const files = closePackSet(this.#set, this.packs, this.kernel);
    for (const file of files) this.#caches.windows.forget(file);
    this.#places.close();
    this.#commitGraph?.close();
    this.#bitmaps?.close();
  }

  /** Where the object lies. Whatever is wrong with its pack is said of the object, unless there is another copy. */
  #locate(number: ObjectNumber): number {
    try {
      return this.#places.locate(number);
    } catch (error) {
      this.#moveOrThrow(number, error);
      return this.#places.locate(number);
    }
  }

  /** Returns when there is another copy of the object, to be used from now on. */
  #moveOrThrow(number: ObjectNumber, error: unknown): void {
    if (isGitMirrorError(error, 'GM_CORRUPT') && this.#places.moveElsewhere(number)) return;
    throw this.#nameObject(error, number);
  }

  #findBase(rawName: Uint8Array): EntryPlace | undefined {
    const { nameAddress } = this.#caches;
    this.kernel.memory.bytes.set(rawName, nameAddress);
    const number = this.numberOfRaw(nameAddress);
    if (number < 0) return undefined;
    const place = this.#locate(number);
    return place < 0 ? undefined : { pack: this.#places.packAt(place), offset: this.#places.offset };
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
        : this.#inPack(
            number,
            place,
            (pack, offset) => this.#reader.typeOf(pack, offset),
            () => this.#findType(number),
          );
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
    if (this.#places.findAgain(number)) return;
    const [problem] = this.#problems;
    const reason = problem === undefined ? '' : ` (${problem.message.replace(/\.$/, '')})`;
    throw new GitMirrorError(
      problem === undefined ? 'GM_NOT_FOUND' : 'GM_CORRUPT',
      `Reading object ${oid}: it is missing${reason}.`,
      { details: { oid } },
    );
  }

  /** Does something at the place that was located last; `again` when the object has another copy that is to be used. */
  #inPack<Result>(
    number: ObjectNumber,
    place: number,
    action: (pack: DatabasePack, offset: number) => Result,
    again: () => Result,
  ): Result {
    try {
      return action(this.#places.packAt(place), this.#places.offset);
    } catch (error) {
      this.#moveOrThrow(number, error);
      return again();
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
