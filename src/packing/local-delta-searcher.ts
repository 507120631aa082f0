import { TimeSlice } from '../pack/time-slice.ts';
import type { ObjectDatabase } from '../repository/object-database.ts';
import type { DeltaCandidates, DeltaSearcher, DeltaSearchOptions, FoundDelta } from './delta-searcher.ts';
import { DeltaWindow } from './delta-window.ts';
import type { PackSettings } from './pack-settings.ts';

/** Searches on this thread, in slices. */
export class LocalDeltaSearcher implements DeltaSearcher {
  async search(
    objects: ObjectDatabase,
    candidates: DeltaCandidates,
    settings: PackSettings,
    options: DeltaSearchOptions,
  ): Promise<readonly FoundDelta[]> {
    const slice = new TimeSlice(options.signal);
    const window = new DeltaWindow(objects, candidates, settings);
    const found: FoundDelta[] = [];
    let done = 0;
    try {
      for (let place = 0; place < candidates.count; place++) {
        const delta = window.take(place);
        if (delta !== undefined) found.push(delta);
        if (candidates.isBase[place] !== 1) done++;
        if (slice.isOver(window.work)) {
          options.onProgress(done);
          await slice.pause();
        }
      }
      options.onProgress(done);
      return found;
    } finally {
      window.release();
    }
  }
}
