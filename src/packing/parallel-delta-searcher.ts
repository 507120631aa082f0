import type { ObjectDatabase } from '../repository/object-database.ts';
import type { DeltaCandidates, DeltaSearcher, DeltaSearchOptions, FoundDelta } from './delta-searcher.ts';
import { cutSegment, type DeltaSegment } from './delta-segment.ts';
import { LocalDeltaSearcher } from './local-delta-searcher.ts';
import type { PackSettings } from './pack-settings.ts';

/** Where segments are searched. */
export interface SegmentRunner {
  /** Threads there are when pack.threads does not say. */
  readonly threads: number;
  /** Runs `searchSegment` in some thread; waits there while all are busy. */
  run(segment: DeltaSegment, settings: PackSettings, options: DeltaSearchOptions): Promise<readonly FoundDelta[]>;
}

/** Segments for each thread: threads that are done early take over from others, as git's steal from each other. */
const segmentsPerThread = 4;
/** Fewer bytes than this are searched here: handing them over takes longer. */
const leastBytes = 4 * 1024 * 1024;

/** Cuts the candidates into segments and has other threads search them. */
export class ParallelDeltaSearcher implements DeltaSearcher {
  readonly #runner: SegmentRunner;
  readonly #local = new LocalDeltaSearcher();

  constructor(runner: SegmentRunner) {
    this.#runner = runner;
  }

  async search(
    objects: ObjectDatabase,
    candidates: DeltaCandidates,
    settings: PackSettings,
    options: DeltaSearchOptions,
  ): Promise<readonly FoundDelta[]> {
    const threads = settings.threads > 0 ? settings.threads : this.#runner.threads;
    let bytes = 0;
    for (const size of candidates.sizes) bytes += size;
    const borders =
      threads > 1 && bytes >= leastBytes
        ? segmentBorders(candidates, threads * segmentsPerThread, settings.window)
        : [candidates.count];
    if (borders.length < 2) return this.#local.search(objects, candidates, settings, options);
    const progress = new Float64Array(borders.length);
    const stop = new AbortController();
    const signal = AbortSignal.any([options.signal, stop.signal]);
    const runs = borders.map(async (end, index) => {
      const start = borders[index - 1] ?? 0;
      const found = await this.#runner.run(cutSegment(objects, candidates, start, end), settings, {
        signal,
        onProgress: (done) => {
          progress[index] = done;
          options.onProgress(progress.reduce((sum, value) => sum + value, 0));
        },
      });
      return found.map((delta) => ({ ...delta, target: start + delta.target, base: start + delta.base }));
    });
    try {
      return (await Promise.all(runs)).flat();
    } catch (error) {
      // Nobody wants the others any more.
      stop.abort(error);
      await Promise.allSettled(runs);
      throw error;
    }
  }
}

/**
 * Where segments end: `segments` of them with about as many bytes each, moved to where the name hash changes, because
 * what is next to each other under one name is what builds on each other. None is so small that a window does not fit.
 */
export function segmentBorders(candidates: DeltaCandidates, segments: number, window: number): number[] {
  const { count, sizes, nameHashes, types } = candidates;
  let total = 0;
  for (const size of sizes) total += size;
  const borders: number[] = [];
  const least = 2 * (window + 1);
  const isSameName = (place: number): boolean =>
    nameHashes[place] === nameHashes[place - 1] && types[place] === types[place - 1];
  let start = 0;
  let bytes = 0;
  for (let place = 0; place < count; place++) {
    bytes += sizes[place] ?? 0;
    const isFull = bytes >= (total / segments) * (borders.length + 1) && place + 1 - start >= least;
    if (!isFull || count - (place + 1) < least) continue;
    // Objects without a name (hash 0) are as good a border as any.
    if (nameHashes[place + 1] !== 0 && isSameName(place + 1)) continue;
    borders.push(place + 1);
    start = place + 1;
  }
  borders.push(count);
  return borders;
}
