import { GitMirrorError } from '../core/error.ts';
import { rawLength, type ObjectFormat, type ObjectId } from '../core/object-id.ts';
import { hashObject } from '../objects/hash-object.ts';
import type { ObjectType } from '../objects/object-type.ts';
import { encodeTree } from '../objects/tree.ts';
import type { ObjectStore } from './object-store.ts';
import { packHeaderBytes } from './pack-header.ts';
import { packPartOrder } from './pack-part-order.ts';
import { TimeSlice } from './time-slice.ts';
import { packedBytes } from './write-pack.ts';

/** Objects that go into one pack. */
export interface PackPart {
  readonly oids: readonly ObjectId[];
  /** At least the size of the pack, with room for a listing tree and a commit on top of the objects. */
  readonly packBytes: number;
}

/** Room in every part for a small commit that points to the listing tree. */
const commitRoomBytes = 1024;

/** What a listing tree takes for one object at most: mode, name, raw name; nothing of it compresses for sure. */
function listingBytes(format: ObjectFormat): number {
  return 'type 100644'.length + 3 * rawLength(format) + 8;
}

/**
 * Cuts `oids` into parts whose packs, written by `writePack`, stay within `maxBytes`. Blobs come first, then trees from
 * the inside out, then commits and tags in the order given: with the order of `objectsBetween` every object comes in a
 * later part than what it refers to, or in the same one. So a target can take one part after the other, blobs and trees
 * each under a listing tree ({@link makeListingTree}) that keeps them reachable until their commits arrive.
 *
 * Sizes are exact: a delta whose base ends up in another part is compressed to measure it.
 *
 * @throws GitMirrorError `GM_LIMIT` with details `{limit: 'maxPackBytes', oid, bytes}` when one object alone is too large;
 * `GM_CORRUPT` naming an object that is not in the store.
 */
export async function planPackParts(
  store: ObjectStore,
  oids: readonly ObjectId[],
  maxBytes: number,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<PackPart[]> {
  const slice = new TimeSlice(options.signal);
  const fixedBytes = packHeaderBytes + rawLength(store.format) + commitRoomBytes;
  const parts: PackPart[] = [];
  let part: ObjectId[] = [];
  let numbers = new Set<number>();
  let bytes = fixedBytes;
  let work = 0;
  for (const number of await packPartOrder(store, oids, slice)) {
    const oid = store.oidAt(number);
    let size = sizeIn(store, number, numbers);
    if (bytes + size > maxBytes && part.length > 0) {
      parts.push({ oids: part, packBytes: bytes });
      part = [];
      numbers = new Set();
      bytes = fixedBytes;
      size = sizeIn(store, number, numbers);
    }
    if (bytes + size > maxBytes) {
      throw new GitMirrorError(
        'GM_LIMIT',
        `Cutting a pack: object ${oid} alone takes ${size} bytes, over the bound of ${maxBytes}.`,
        { details: { limit: 'maxPackBytes', oid, bytes: size, maxBytes } },
      );
    }
    part.push(oid);
    numbers.add(number);
    bytes += size;
    work += size;
    if (slice.isOver(work)) await slice.pause();
  }
  if (part.length > 0) parts.push({ oids: part, packBytes: bytes });
  return parts;
}

/** Bytes an object adds to a part that holds `numbers` already. */
function sizeIn(store: ObjectStore, number: number, numbers: ReadonlySet<number>): number {
  const { baseNumber } = store.storedEntry(number);
  const reused = packedBytes(store, number, true);
  // A base that only follows later may end up in this part or in the next: room for either.
  const isSure = baseNumber < 0 || numbers.has(baseNumber);
  return listingBytes(store.format) + (isSure ? reused : Math.max(reused, packedBytes(store, number, false)));
}

/** An object that is made here rather than received. */
export interface MadeObject {
  readonly oid: ObjectId;
  readonly content: Uint8Array;
}

/**
 * A tree that lists blobs and trees, each under its own name, so that one ref can hold them all. Commits and tags cannot
 * be held by a tree and are left out.
 */
export function makeListingTree(
  objects: Iterable<{ readonly oid: ObjectId; readonly type: ObjectType }>,
  format: ObjectFormat,
): MadeObject {
  const entries = Array.from(objects)
    .filter(({ type }) => type === 'blob' || type === 'tree')
    .map(({ oid, type }) => ({ mode: type === 'tree' ? 0o40000 : 0o100644, name: Buffer.from(oid), oid }));
  const content = encodeTree(entries);
  return { oid: hashObject('tree', content, format), content };
}
