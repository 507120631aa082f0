import type { ObjectFormat, ObjectId } from '../core/object-id.ts';
import type { Kernel, NameTable } from '../kernel/kernel.ts';
import type { ObjectType } from '../objects/object-type.ts';
import type { CommitGraph } from './commit-graph.ts';
import type { ObjectNumber } from './object-number.ts';
import type { ReachabilityBitmaps } from './reachability-bitmaps.ts';

/** Content of an object in kernel memory: borrowed until the next call that reads from any database of the thread. */
export interface ObjectContent {
  type: ObjectType;
  /** Address in `kernel.memory`. */
  address: number;
  size: number;
}

/** An object and the delta it is stored as: borrowed as {@link ObjectContent} is. Addresses are in `kernel.memory`. */
export interface DeltaContent extends ObjectContent {
  /** -1 when the base has no number. */
  readonly baseNumber: ObjectNumber;
  readonly baseAddress: number;
  readonly baseSize: number;
  readonly deltaAddress: number;
  readonly deltaSize: number;
}

/** How an object lies in its pack. Fields are overwritten by the next `readEntry`. */
export interface StoredEntry {
  /** Index into `packs`; -1 for a loose object, of which only `type` and `size` are then meant. */
  pack: number;
  /** Where the entry's header begins in the pack, where its compressed data does, and where the next entry does. */
  offset: number;
  dataOffset: number;
  end: number;
  /** `packType`, deltas included. */
  type: number;
  /** Inflated size of the object, or of the delta. */
  size: number;
  /** The object a delta builds on; -1 when it is none, or the base is missing. */
  baseNumber: ObjectNumber;
  /** Where the base of an OFS_DELTA begins in the same pack: what the entry itself says. 0 for all others. */
  baseOffset?: number;
}

/** A pack, as far as writing another one needs it. */
export interface StoredPack {
  readonly path: string;
  readonly objectCount: number;
  /** Bytes of the file, trailer included. */
  readonly size: number;
  /** Whether the entries end with a trailer that is right for all of the pack when sent whole. */
  readonly version: number;
  /** Reads `length` bytes at `offset` into `target` at `at`. @throws GitMirrorError `GM_CORRUPT` past the end. */
  read(offset: number, target: Uint8Array, at: number, length: number): void;
  /** Number of the object whose entry begins at `offset`, or -1 when none does. */
  numberAtOffset(offset: number): ObjectNumber;
  /** Start of the entry behind the one at `offset`; the start of the trailer behind the last one. */
  nextOffset(offset: number): number;
}

/**
 * All objects of one repository and its alternates, as they were when it was opened: packs stay readable after git has
 * removed them. What appears later is found too (as a loose object or in a new pack), what was given a number keeps it.
 * Synchronous: it belongs to a worker. Replace refs are not followed, as git-upload-pack does not either.
 *
 * Errors of all calls: `GM_CORRUPT` for damaged files, `GM_NOT_FOUND` for an object that is not here, `GM_LIMIT` for one
 * that is too large to hold, `GM_SYSTEM` when the disk fails.
 */
export interface ObjectDatabase {
  readonly format: ObjectFormat;
  readonly rawLength: number;
  readonly kernel: Kernel;
  /** In the order in which they are searched. */
  readonly packs: readonly StoredPack[];
  /** The sorted tables behind the numbers below `packedCount`, in the order of their numbers. */
  readonly tables: readonly NameTable[];
  readonly packedCount: number;
  /** Every number given so far is below this. */
  readonly numberLimit: number;

  /** Number of an object that is here, or -1. */
  numberOf(oid: ObjectId): ObjectNumber;
  /** The same for a raw name in kernel memory. */
  numberOfRaw(address: number): ObjectNumber;
  /** A number for this raw name in kernel memory, whether or not the object is here. */
  numberFor(address: number): ObjectNumber;
  /** Whether the object is here. */
  has(number: ObjectNumber): boolean;
  oidOf(number: ObjectNumber): ObjectId;
  /** Writes the raw name to `target` at `at`. */
  copyName(number: ObjectNumber, target: Uint8Array, at: number): void;

  typeOf(number: ObjectNumber): ObjectType;
  /** Inflated size of the object, without reading all of it. */
  sizeOf(number: ObjectNumber): number;
  read(number: ObjectNumber): ObjectContent;
  /** The object with its delta and the delta's base, where it is stored as one (for `scanTreeDelta`); else undefined. */
  readDelta(number: ObjectNumber): DeltaContent | undefined;
  /** How the object lies on disk. */
  readEntry(number: ObjectNumber, entry: StoredEntry): void;
  /** Only `pack` and `offset` of that, for which nothing is read. */
  placeEntry(number: ObjectNumber, entry: StoredEntry): void;
  /** The file of a loose object (gitformat-loose), for one that is too large to hold; undefined for others. */
  loosePath(number: ObjectNumber): string | undefined;

  /** Undefined when there is none, it is switched off (core.commitGraph), damaged, or must not be used (grafts, shallow). */
  readonly commitGraph: CommitGraph | undefined;
  /** Undefined when there are none, or they are switched off or damaged. */
  readonly bitmaps: ReachabilityBitmaps | undefined;
  /** Whether objects may be missing because a promisor remote has them (extensions.partialClone). */
  readonly isPartial: boolean;

  /** Releases files and kernel memory. */
  close(): void;
}
