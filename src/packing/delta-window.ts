import { deflateSync } from 'node:zlib';
import { GitMirrorError, isGitMirrorError } from '../core/error.ts';
import type { ObjectDatabase } from '../repository/object-database.ts';
import type { DeltaCandidates, FoundDelta } from './delta-searcher.ts';
import type { PackSettings } from './pack-settings.ts';
import { packingLimits } from './packing-limits.ts';
import { DeltaBuffer, WindowSlot } from './window-slot.ts';

/** Deltas up to this size are always worth keeping (git: pack.deltaCacheLimit). */
const smallDeltaBytes = 1000;
/** Only objects above this can take a window beyond its bound all at once. */
const largeBytes = 4 * 1024 * 1024;

/** What has been found for the object that is being compared. */
interface BestDelta {
  place: number;
  slot: number;
  size: number;
  depth: number;
}

/**
 * Compares each candidate with those in front of it, as git does (git-pack-objects(1), "--window"): a ring of the last
 * `window + 1` objects, in which a good base moves up so that it stays longer.
 */
export class DeltaWindow {
  readonly #objects: ObjectDatabase;
  readonly #candidates: DeltaCandidates;
  readonly #settings: PackSettings;
  readonly #slots: WindowSlot[];
  readonly #best: BestDelta = { place: -1, slot: -1, size: 0, depth: 0 };
  #bestBuffer: DeltaBuffer;
  #nextBuffer: DeltaBuffer;
  #at = 0;
  #filled = 0;
  #keptBytes = 0;
  /** Bytes looked at so far, for whoever cuts the work into slices. */
  work = 0;

  constructor(objects: ObjectDatabase, candidates: DeltaCandidates, settings: PackSettings) {
    this.#objects = objects;
    this.#candidates = candidates;
    this.#settings = settings;
    const length = Math.min(settings.window, candidates.count) + 1;
    this.#slots = Array.from({ length }, () => new WindowSlot(objects.kernel));
    this.#bestBuffer = new DeltaBuffer(objects.kernel);
    this.#nextBuffer = new DeltaBuffer(objects.kernel);
  }

  /** Takes the next candidate in, and returns the best delta found for it. */
  take(place: number): FoundDelta | undefined {
    const candidates = this.#candidates;
    const slots = this.#slots;
    const slot = this.#slot(this.#at);
    slot.assign(place, candidates.sizes[place] ?? 0);
    this.#keepWithinMemory();
    const depth = this.#settings.depth - (candidates.depths[place] ?? 0);
    let found: FoundDelta | undefined;
    if (candidates.isBase[place] !== 1 && depth > 0) {
      found = this.#search(slot, depth);
      if (found !== undefined) {
        slot.depth = this.#best.depth;
        // Nothing can build on it any more: the next candidate takes its slot.
        if (depth <= slot.depth) return found;
        this.#moveUp(this.#best.slot);
      }
    }
    this.#at = (this.#at + 1) % slots.length;
    this.#filled = Math.min(this.#filled + 1, slots.length - 1);
    return found;
  }

  /** Gives all memory back. */
  release(): void {
    for (const slot of this.#slots) slot.release();
    this.#bestBuffer.release();
    this.#nextBuffer.release();
  }

  #search(target: WindowSlot, maxDepth: number): FoundDelta | undefined {
    const best = this.#best;
    best.place = -1;
    const length = this.#slots.length;
    for (let back = 1; back < length; back++) {
      const at = (this.#at + length - back) % length;
      const source = this.#slot(at);
      if (source.place < 0 || this.#candidates.types[source.place] !== this.#candidates.types[target.place]) break;
      if (this.#compare(target, source, maxDepth)) best.slot = at;
    }
    if (best.place < 0) return undefined;
    const delta = this.#bestBuffer.view(best.size);
    const deflated = this.#isWorthKeeping(target.size) ? this.#deflate(delta) : undefined;
    return { target: target.place, base: best.place, size: best.size, deflated };
  }

  /** Makes a delta out of `source`, and remembers it when it is the best so far. */
  #compare(target: WindowSlot, source: WindowSlot, maxDepth: number): boolean {
    const { isBase, packs, isWhole } = this.#candidates;
    const best = this.#best;
    const pack = packs[target.place] ?? -1;
    if (pack >= 0 && isWhole[target.place] === 1 && packs[source.place] === pack && isBase[source.place] !== 1) {
      return false;
    }
    if (source.depth >= maxDepth) return false;
    const hasBest = best.place >= 0;
    const bound = hasBest ? best.size : Math.floor(target.size / 2) - this.#objects.rawLength;
    const reference = hasBest ? best.depth : 1;
    // A delta on a deep base must be so much the smaller.
    const maxSize = Math.floor((Math.max(0, bound) * (maxDepth - source.depth)) / (maxDepth - reference + 1));
    if (maxSize <= 0 || target.size - source.size >= maxSize || target.size < Math.floor(source.size / 32))
      return false;
    const size = this.#make(target, source, maxSize);
    if (size === 0 || (hasBest && size === best.size && source.depth + 1 >= best.depth)) return false;
    [this.#bestBuffer, this.#nextBuffer] = [this.#nextBuffer, this.#bestBuffer];
    best.place = source.place;
    best.size = size;
    best.depth = source.depth + 1;
    return true;
  }

  /** Makes a delta in the next buffer, and returns its size: 0 when it would be too large, or memory does not hold both. */
  #make(target: WindowSlot, source: WindowSlot, maxSize: number): number {
    const { numbers } = this.#candidates;
    const { kernel } = this.#objects;
    if (source.size > largeBytes && this.#bytes() + source.missingBytes > packingLimits.maxWindowBytes) return 0;
    this.work += target.size;
    try {
      const targetAddress = this.#read(target, numbers[target.place] ?? 0);
      const sourceAddress = this.#read(source, numbers[source.place] ?? 0);
      const index = source.index();
      const buffer = this.#nextBuffer.reserve(maxSize);
      return kernel.createDelta(sourceAddress, source.size, index, targetAddress, target.size, buffer, maxSize);
    } catch (error) {
      // Without room it is a worse pack, but a pack.
      if (isGitMirrorError(error, 'GM_LIMIT')) return 0;
      throw error;
    }
  }

  #read(slot: WindowSlot, number: number): number {
    const address = slot.content(this.#objects, number);
    if (address !== undefined) return address;
    const oid = this.#objects.oidOf(number);
    throw new GitMirrorError('GM_CORRUPT', `object ${oid} inconsistent object length`, { details: { oid } });
  }

  /** Empties the slots farthest behind while the window takes more memory than it may (pack.windowMemory). */
  #keepWithinMemory(): void {
    const asked = this.#settings.windowMemory;
    const limit = asked > 0 ? Math.min(asked, packingLimits.maxWindowBytes) : packingLimits.maxWindowBytes;
    let bytes = this.#bytes();
    const length = this.#slots.length;
    while (bytes > limit && this.#filled > 1) {
      const tail = this.#slot((this.#at + length - this.#filled) % length);
      bytes -= tail.memoryBytes;
      tail.release();
      this.#filled--;
    }
  }

  #bytes(): number {
    let bytes = 0;
    for (const slot of this.#slots) bytes += slot.memoryBytes;
    return bytes;
  }

  /** Puts the base at `from` right behind the current object, where it is tried first next time. */
  #moveUp(from: number): void {
    const slots = this.#slots;
    const base = this.#slot(from);
    let at = from;
    while (at !== this.#at) {
      const next = (at + 1) % slots.length;
      slots[at] = this.#slot(next);
      at = next;
    }
    slots[at] = base;
  }

  #isWorthKeeping(targetBytes: number): boolean {
    const { size } = this.#best;
    if (this.#keptBytes + size > packingLimits.maxKeptDeltaBytes) return false;
    return size < smallDeltaBytes || targetBytes / 2048 > size / 1024;
  }

  #deflate(delta: Uint8Array): Uint8Array {
    const deflated = deflateSync(delta, { level: this.#settings.compression });
    this.#keptBytes += deflated.length;
    this.work += delta.length * 16;
    return deflated;
  }

  #slot(at: number): WindowSlot {
    const slot = this.#slots[at];
    if (slot === undefined) throw new GitMirrorError('GM_INTERNAL', 'The window of a delta search lost a slot.');
    return slot;
  }
}
