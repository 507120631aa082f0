import type { Hash } from 'node:crypto';
import type { ByteStream } from '../core/byte-stream.ts';
import { GitMirrorError } from '../core/error.ts';
import { limits } from '../core/limits.ts';
import type { ObjectFormat } from '../core/object-id.ts';
import { createObjectHash, hashObjectBinary } from '../objects/hash-object.ts';
import { objectTypeName, packType } from '../objects/object-type.ts';
import { packEvent, PackScanner } from './pack-scanner.ts';
import { baseByName, noBase, PendingDeltas } from './pending-deltas.ts';
import type { ScratchFile } from './scratch-file.ts';
import type { StoreEntries } from './store-entries.ts';
import type { StoreReader } from './store-reader.ts';
import { TimeSlice } from './time-slice.ts';

/** Objects up to this size are hashed in one go; larger ones piece by piece, never whole in memory. */
const heldBytes = 256 * 1024;

/** What a pack is taken into. */
export interface PackIndexerTarget {
  readonly format: ObjectFormat;
  readonly entries: StoreEntries;
  readonly file: ScratchFile;
  readonly reader: StoreReader;
  readonly signal: AbortSignal | undefined;
  /** Called before anything is added. @throws GitMirrorError `GM_LIMIT`. */
  readonly checkRoom: (moreBytes: number, packObjects: number) => void;
  /** Called for every object that is new to the store. @throws GitMirrorError `GM_LIMIT`. */
  readonly checkObjects: () => void;
}

/**
 * Appends a pack to the scratch file as it comes and indexes it: first what is stored whole, then the deltas, each
 * after its base, depth first, so that bases are mostly still cached. Returns the objects the pack states. On failure
 * the caller forgets what was added.
 */
export async function indexPack(stream: ByteStream, target: PackIndexerTarget): Promise<number> {
  const { format, entries, file, signal } = target;
  const first = entries.length;
  const start = file.size;
  const scanner = new PackScanner(format);
  const slice = new TimeSlice(signal);
  let entry = -1;
  let isHeld = false;
  let running: Hash | undefined;
  let seenBytes = 0;
  for await (const chunk of stream) {
    signal?.throwIfAborted();
    target.checkRoom(chunk.length, scanner.objectCount);
    file.append(chunk);
    scanner.feed(chunk);
    for (let event = scanner.next(); event !== packEvent.needInput; event = scanner.next()) {
      if (event === packEvent.entry) {
        const { type, size, length } = scanner.entry;
        entry = entries.add({
          type: type <= packType.tag ? type : 0,
          offset: start + scanner.entryOffset,
          headerLength: length,
          base: baseOf(scanner, target, first, start),
        });
        isHeld = type <= packType.tag && size <= heldBytes;
        const name = objectTypeName(type);
        running = name === undefined || isHeld ? undefined : createObjectHash(name, size, format);
        if (isHeld) scanner.hold(heldBytes);
      } else if (event === packEvent.piece) {
        running?.update(scanner.content);
        seenBytes += scanner.content.length;
        if (slice.isOver(seenBytes)) await slice.pause();
      } else if (event === packEvent.entryEnd) {
        entries.setEnd(entry, start + scanner.entryEnd);
        const { type, size } = scanner.entry;
        const name = objectTypeName(type);
        if (name === undefined) continue;
        const oid = isHeld ? hashObjectBinary(name, scanner.content, format) : running?.digest('binary');
        if (oid === undefined) continue;
        if (entries.setObject(entry, entries.table.addBinary(oid), type, size, 0)) target.checkObjects();
        if (slice.isOver(seenBytes)) await slice.pause();
      } else if (event === packEvent.header) {
        target.checkRoom(0, scanner.objectCount);
      }
    }
  }
  scanner.finish();
  await resolveDeltas(target, first, slice);
  return scanner.objectCount;
}

/** The base of the entry that just began, as `StoreEntries` keeps it. */
function baseOf(scanner: PackScanner, target: PackIndexerTarget, first: number, start: number): number {
  const { entry, entryOffset } = scanner;
  if (entry.type === packType.refDelta) return baseByName(target.entries.table.add(entry.baseName, 0));
  if (entry.type !== packType.ofsDelta) return noBase;
  const base = target.entries.entryAt(start + entryOffset - entry.baseDistance, first);
  if (base >= 0) return base;
  throw new GitMirrorError('GM_CORRUPT', `Reading a pack: the base of the delta at ${entryOffset} is not in it.`);
}

async function resolveDeltas(target: PackIndexerTarget, first: number, slice: TimeSlice): Promise<void> {
  const { entries, reader, format } = target;
  const pending = new PendingDeltas(first, entries.base.view(), entries.name.view(), entries.entryOfName.view());
  for (let entry = pending.pop(); entry !== undefined; entry = pending.pop()) {
    const known = entries.base.at(entry);
    const base = known >= 0 ? known : entries.entryOf(baseByName(known));
    const depth = entries.depth(base) + 1;
    if (depth > limits.maxDeltaDepth) {
      throw new GitMirrorError('GM_CORRUPT', 'Reading a pack: a chain of deltas is too long.');
    }
    entries.base.set(entry, base);
    const content = reader.resolve(entry, base);
    const oid = hashObjectBinary(entries.type(base), content, format);
    const name = entries.table.addBinary(oid);
    if (entries.setObject(entry, name, entries.typeNumber(base), content.length, depth)) target.checkObjects();
    pending.resolved(entry, name);
    if (slice.isOver(reader.work)) await slice.pause();
  }
  for (let entry = first; entry < entries.length; entry++) {
    if (entries.name.at(entry) >= 0) continue;
    const base = entries.base.at(entry);
    const oid = base >= 0 ? undefined : entries.table.oidAt(baseByName(base));
    throw new GitMirrorError(
      'GM_CORRUPT',
      `Reading a pack: the base ${oid ?? 'of a delta'} is neither in it nor known.`,
      {
        details: oid === undefined ? {} : { oid },
      },
    );
  }
}
