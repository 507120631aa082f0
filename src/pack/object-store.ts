import type { ByteStream } from '../core/byte-stream.ts';
import type { ObjectFormat, ObjectId } from '../core/object-id.ts';
import type { ObjectType } from '../objects/object-type.ts';

/** Where a store lives and how far it may grow. */
export interface ObjectStoreOptions {
  /** An existing folder for the temporary files; they vanish with `close()`, and with the process. */
  readonly dir: string;
  readonly format: ObjectFormat;
  /** Objects the store takes. Default: no bound. */
  readonly maxObjects?: number | undefined;
  /** Bytes the store takes on disk. Default: no bound. */
  readonly maxBytes?: number | undefined;
  /** Aborts every call under way; its reason is thrown as it is. */
  readonly signal?: AbortSignal | undefined;
}

/** An object, whole. `content` is owned by the caller. */
export interface StoredObject {
  readonly type: ObjectType;
  readonly content: Uint8Array;
}

/**
 * Objects in temporary files, for what relay cannot do. Errors of every call: `GM_CORRUPT` for damaged input,
 * `GM_LIMIT` with details `{limit: 'maxObjects' | 'maxBytes'}` at a bound, `GM_SYSTEM` when the disk is full.
 */
export interface ObjectStore {
  readonly format: ObjectFormat;
  /** Objects in the store. */
  readonly count: number;
  /** Bytes on disk. */
  readonly bytes: number;
  /** Takes a whole pack; thin packs may build on objects already here. Objects that are here already are kept once. */
  addPack(stream: ByteStream): Promise<{ readonly objects: number }>;
  /** Takes a loose object file (a zlib stream of header and content) and checks that its name is `oid`. */
  addLoose(oid: ObjectId, zlibStream: ByteStream): Promise<void>;
  /** Takes an object made here; returns its name. */
  addObject(type: ObjectType, content: Uint8Array): Promise<ObjectId>;
  has(oid: ObjectId): boolean;
  /** Type of an object; undefined when it is not here. */
  typeOf(oid: ObjectId): ObjectType | undefined;
  /** Inflated size of an object; undefined when it is not here. */
  sizeOf(oid: ObjectId): number | undefined;
  /** Bytes the object takes in a pack as it is stored, entry header included; undefined when it is not here. */
  storedBytes(oid: ObjectId): number | undefined;
  /** The object, inflated and rebuilt. `GM_CORRUPT` when it is not here; `GM_LIMIT` over `limits.maxHeldObjectBytes`. */
  read(oid: ObjectId): Promise<StoredObject>;
  /** Removes every file. Safe to call twice and after any failure; never throws. */
  close(): Promise<void>;
}
