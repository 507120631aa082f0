import { deflateSync } from 'node:zlib';
import type { ByteStream } from '../core/byte-stream.ts';
import { GitMirrorError } from '../core/error.ts';
import type { ObjectFormat, ObjectId } from '../core/object-id.ts';
import { hashObjectBinary } from '../objects/hash-object.ts';
import { objectTypeNumber, type ObjectType } from '../objects/object-type.ts';
import { readLooseObject } from './loose-object.ts';
import { encodeEntryHeader } from './pack-entry.ts';
import { indexPack } from './pack-indexer.ts';
import { noBase } from './pending-deltas.ts';
import { ScratchFile } from './scratch-file.ts';
import { StoreEntries } from './store-entries.ts';
import { StoreReader } from './store-reader.ts';

const defaultCacheBytes = 64 * 1024 * 1024;

/** Where a store lives and how far it may grow. */
export interface ObjectStoreOptions {
  /** An existing folder for the temporary file; it vanishes with `close()`, and with the process however that ends. */
  readonly dir: string;
  readonly format: ObjectFormat;
  /** Objects the store takes. Default: no bound. */
  readonly maxObjects?: number | undefined;
  /** Bytes the store takes on disk. Default: no bound. */
  readonly maxBytes?: number | undefined;
  /** Memory for inflated objects that deltas build on. Default 64 MiB. One larger object is still read whole. */
  readonly cacheBytes?: number | undefined;
  /** Ends every call under way; its reason is thrown as it is. */
  readonly signal?: AbortSignal | undefined;
}

/** An object, whole. `content` may be shared with the store: it is read, never written to. */
export interface StoredObject {
  readonly type: ObjectType;
  readonly content: Uint8Array;
}

/** How an object lies in the store, for whoever writes packs. Names are numbers, see `ObjectStore.numberOf`. */
export interface StoredEntry {
  readonly type: ObjectType;
  /** Number of the object this one is a delta of, or -1 when it is stored whole. */
  readonly baseNumber: number;
  /** Inflated size of what is compressed: the object or the delta. */
  readonly inflatedSize: number;
  /** Compressed bytes. */
  readonly dataLength: number;
}

/** Opens an empty store. Nothing is written before something is added. */
export function openObjectStore(options: ObjectStoreOptions): ObjectStore {
  return new ObjectStore(options);
}

/**
 * Objects in one temporary file, for what relay cannot do: packs as they came, and behind them objects that came singly.
 * Memory is about 70 bytes an object, and a cache.
 *
 * Errors of all calls: `GM_CORRUPT` for damaged input or an object that is not here; `GM_LIMIT` with details `{limit}`
 * (`maxObjects`, `maxBytes`, `maxHeldObjectBytes`); `GM_SYSTEM` when the disk is full or fails. A call that fails leaves
 * the store as it was. Additions may be started side by side and run one after the other.
 */
export class ObjectStore {
  readonly format: ObjectFormat;
  readonly #options: ObjectStoreOptions;
  readonly #entries: StoreEntries;
  readonly #file: ScratchFile;
  readonly #reader: StoreReader;
  #lastAddition: Promise<unknown> = Promise.resolve();

  /** Use {@link openObjectStore}. */
  constructor(options: ObjectStoreOptions) {
    this.format = options.format;
    this.#options = options;
    this.#entries = new StoreEntries(options.format);
    this.#file = new ScratchFile({ dir: options.dir });
    this.#reader = new StoreReader(this.#entries, this.#file, options.format, options.cacheBytes ?? defaultCacheBytes);
  }

  /** Different objects in the store. */
  get count(): number {
    return this.#entries.objects;
  }

  /** Bytes on disk. */
  get bytes(): number {
    return this.#file.size;
  }

  /**
   * Takes a whole pack and indexes it; a thin one may build on objects that are here already. Chunks are borrowed while
   * the next one is not asked for. Returns the objects the pack holds, whether or not they were here before.
   *
   * @throws GitMirrorError `GM_PROTOCOL` when it is no pack, and those of the class.
   */
  async addPack(stream: ByteStream): Promise<{ readonly objects: number }> {
    const objects = await this.#exclusive(() =>
      indexPack(stream, {
        format: this.format,
        entries: this.#entries,
        file: this.#file,
        reader: this.#reader,
        signal: this.#options.signal,
        checkRoom: (moreBytes, packObjects) => {
          this.#checkRoom(moreBytes, packObjects);
        },
        checkObjects: () => {
          this.#checkObjects(this.count);
        },
      }),
    );
    return { objects };
  }

  /**
   * Takes the file of a loose object (gitformat-loose: a zlib stream of header and content).
   *
   * @throws GitMirrorError `GM_CORRUPT` also when its name is not `oid`.
   */
  async addLoose(oid: ObjectId, zlibStream: ByteStream): Promise<void> {
    const { signal, maxBytes = Infinity, dir } = this.#options;
    const loose = await readLooseObject(oid, zlibStream, { dir, maxBytes: maxBytes - this.bytes, signal });
    try {
      await this.#exclusive(async () => {
        this.#options.signal?.throwIfAborted();
        if (this.has(oid)) return;
        this.#append(Buffer.from(oid, 'hex').toString('latin1'), loose.type, loose.size, loose.deflated);
      });
    } finally {
      loose.deflated.close();
    }
  }

  /** Takes an object made here, and returns its name. */
  async addObject(type: ObjectType, content: Uint8Array): Promise<ObjectId> {
    const name = hashObjectBinary(type, content, this.format);
    const oid = Buffer.from(name, 'latin1').toString('hex') as ObjectId;
    await this.#exclusive(async () => {
      this.#options.signal?.throwIfAborted();
      if (this.has(oid)) return;
      const deflated = new ScratchFile({ dir: this.#options.dir, memoryBytes: Infinity });
      deflated.append(deflateSync(content));
      this.#append(name, type, content.length, deflated);
    });
    return oid;
  }

  has(oid: ObjectId): boolean {
    return this.numberOf(oid) >= 0;
  }

  /** Type of an object; undefined when it is not here. */
  typeOf(oid: ObjectId): ObjectType | undefined {
    const entry = this.#entryOf(oid);
    return entry < 0 ? undefined : this.#entries.type(entry);
  }

  /** Inflated size of an object; undefined when it is not here. */
  sizeOf(oid: ObjectId): number | undefined {
    const entry = this.#entryOf(oid);
    return entry < 0 ? undefined : this.#entries.size(entry);
  }

  /**
   * Bytes an object takes in a pack in the form it is stored in, entry header included; undefined when it is not here.
   * A delta takes more in a pack that does not hold its base: see `planPackParts` for sizes that can be relied on.
   */
  storedBytes(oid: ObjectId): number | undefined {
    const number = this.numberOf(oid);
    if (number < 0) return undefined;
    const { baseNumber, inflatedSize, dataLength } = this.storedEntry(number);
    const baseName = baseNumber < 0 ? undefined : this.rawName(baseNumber);
    return encodeEntryHeader(1, inflatedSize, baseName).length + dataLength;
  }

  /** An object, inflated and rebuilt, whole in memory. */
  async read(oid: ObjectId): Promise<StoredObject> {
    this.#options.signal?.throwIfAborted();
    const number = this.numberOf(oid);
    if (number < 0) {
      throw new GitMirrorError('GM_CORRUPT', `Reading object ${oid}: it is missing.`, { details: { oid } });
    }
    return this.readNumber(number);
  }

  /** Ends every use of the store and removes its file. Safe to call twice and after any failure; never throws. */
  async close(): Promise<void> {
    this.#file.close();
    this.#reader.forget();
  }

  /** Numbers that `numberOf` may give are below this. */
  get numberLimit(): number {
    return this.#entries.table.size;
  }

  /** A small number that stands for the object while the store lives; -1 when it is not here. */
  numberOf(oid: ObjectId): number {
    const number = this.#entries.table.findOid(oid);
    return this.#entries.entryOf(number) < 0 ? -1 : number;
  }

  /** As `numberOf`, for the raw name at `offset`. */
  numberOfRaw(bytes: Uint8Array, offset: number): number {
    const number = this.#entries.table.find(bytes, offset);
    return this.#entries.entryOf(number) < 0 ? -1 : number;
  }

  /** Whether the object with this number is here; numbers of names that are only mentioned are not. */
  hasNumber(number: number): boolean {
    return this.#entries.entryOf(number) >= 0;
  }

  oidAt(number: number): ObjectId {
    return this.#entries.table.oidAt(number);
  }

  /** The raw name of `number`; freshly allocated. */
  rawName(number: number): Uint8Array {
    return Buffer.from(this.oidAt(number), 'hex');
  }

  /** Where the object lies among all that are stored: objects that came in one pack are in the order of that pack. */
  placeOf(number: number): number {
    return this.#entries.entryOf(number);
  }

  /** Number of the object this one is stored as a delta of, or -1. */
  baseOf(number: number): number {
    const base = this.#entries.base.at(this.#entries.entryOf(number));
    return base === noBase ? -1 : this.#entries.name.at(base);
  }

  typeOfNumber(number: number): ObjectType {
    return this.#entries.type(this.#entries.entryOf(number));
  }

  /** `read` without waiting, for loops over many objects; `content` is shared and must not be written to. */
  readNumber(number: number): StoredObject {
    const entry = this.#entries.entryOf(number);
    return { type: this.#entries.type(entry), content: this.#reader.read(entry) };
  }

  storedEntry(number: number): StoredEntry {
    const entries = this.#entries;
    const entry = entries.entryOf(number);
    return {
      type: entries.type(entry),
      baseNumber: this.baseOf(number),
      inflatedSize: this.#reader.entrySize(entry),
      dataLength: entries.dataEnd(entry) - entries.dataStart(entry),
    };
  }

  /** A part of an object's compressed bytes as stored. Borrowed until the next call of the store. */
  storedData(number: number, offset: number, length: number): Uint8Array {
    return this.#file.read(this.#entries.dataStart(this.#entries.entryOf(number)) + offset, length);
  }

  #entryOf(oid: ObjectId): number {
    return this.#entries.entryOf(this.#entries.table.findOid(oid));
  }

  #append(name: string, type: ObjectType, size: number, deflated: ScratchFile): void {
    const header = encodeEntryHeader(objectTypeNumber(type), size);
    this.#checkRoom(header.length + deflated.size, 0);
    const entry = this.#entries.add({
      type: objectTypeNumber(type),
      offset: this.#file.size,
      headerLength: header.length,
      base: noBase,
    });
    this.#file.append(header);
    const step = 64 * 1024;
    for (let at = 0; at < deflated.size; at += step) {
      this.#file.append(deflated.read(at, Math.min(step, deflated.size - at)));
    }
    this.#entries.setEnd(entry, this.#file.size);
    this.#entries.setObject(entry, this.#entries.table.addBinary(name), objectTypeNumber(type), size, 0);
    this.#checkObjects(this.count);
  }

  /** Runs `add` when those before it have ended, and undoes what it added when it fails. */
  #exclusive<Result>(add: () => Promise<Result>): Promise<Result> {
    const run = async (): Promise<Result> => {
      const { length } = this.#entries;
      const { size } = this.#file;
      try {
        return await add();
      } catch (error) {
        this.#entries.truncate(length);
        this.#file.truncate(size);
        this.#reader.forget();
        throw error;
      }
    };
    const result = this.#lastAddition.then(run, run);
    this.#lastAddition = result.catch(() => undefined);
    return result;
  }

  #checkRoom(moreBytes: number, packObjects: number): void {
    const { maxBytes = Infinity } = this.#options;
    const bytes = this.bytes + moreBytes;
    if (bytes > maxBytes) {
      throw new GitMirrorError('GM_LIMIT', `Storing objects: more than the bound of ${maxBytes} bytes.`, {
        details: { limit: 'maxBytes', bytes, maxBytes },
      });
    }
    this.#checkObjects(packObjects);
  }

  #checkObjects(objects: number): void {
    const { maxObjects = Infinity } = this.#options;
    if (objects <= maxObjects) return;
    throw new GitMirrorError('GM_LIMIT', `Storing objects: more than the bound of ${maxObjects} objects.`, {
      details: { limit: 'maxObjects', objects, maxObjects },
    });
  }
}
