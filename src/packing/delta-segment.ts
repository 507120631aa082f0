import type { ObjectDatabase } from '../repository/object-database.ts';
import type { DeltaCandidates, DeltaSearchOptions, FoundDelta } from './delta-searcher.ts';
import { LocalDeltaSearcher } from './local-delta-searcher.ts';
import type { PackSettings } from './pack-settings.ts';

/**
 * A run of candidates for another thread, which has its own numbers for objects: names go instead. Can be cloned
 * (structured clone); all arrays are its own, so that their buffers can be transferred.
 */
export interface DeltaSegment extends Omit<DeltaCandidates, 'numbers'> {
  /** Raw names, one behind the other. */
  readonly names: Uint8Array;
}

/** The candidates from `start` to `end` as a segment. */
export function cutSegment(
  objects: ObjectDatabase,
  candidates: DeltaCandidates,
  start: number,
  end: number,
): DeltaSegment {
  const { rawLength } = objects;
  const count = end - start;
  const names = new Uint8Array(count * rawLength);
  for (let index = 0; index < count; index++) {
    objects.copyName(candidates.numbers[start + index] ?? 0, names, index * rawLength);
  }
  return {
    count,
    names,
    isBase: candidates.isBase.slice(start, end),
    nameHashes: candidates.nameHashes.slice(start, end),
    sizes: candidates.sizes.slice(start, end),
    types: candidates.types.slice(start, end),
    depths: candidates.depths.slice(start, end),
    packs: candidates.packs.slice(start, end),
    isWhole: candidates.isWhole.slice(start, end),
  };
}

/**
 * Searches a segment in this thread's database of the same repository. Indices in the result are those in the segment.
 *
 * @throws GitMirrorError `GM_NOT_FOUND` when an object is no longer here, and what reading objects throws.
 */
export async function searchSegment(
  objects: ObjectDatabase,
  segment: DeltaSegment,
  settings: PackSettings,
  options: DeltaSearchOptions,
): Promise<readonly FoundDelta[]> {
  const { rawLength, kernel } = objects;
  const { names, ...rest } = segment;
  const numbers = new Uint32Array(segment.count);
  const address = kernel.memory.allocate(Math.max(1, names.length));
  try {
    kernel.memory.bytes.set(names, address);
    for (let index = 0; index < segment.count; index++) {
      numbers[index] = objects.numberFor(address + index * rawLength);
    }
  } finally {
    kernel.memory.release(address);
  }
  return new LocalDeltaSearcher().search(objects, { ...rest, numbers }, settings, options);
}
