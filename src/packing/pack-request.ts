import type { ByteSink } from '../core/byte-sink.ts';
import type { ObjectDatabase } from '../repository/object-database.ts';
import type { ObjectSelection } from '../walk/object-selection.ts';
import type { DeltaSearcher } from './delta-searcher.ts';
import type { PackSettings } from './pack-settings.ts';

/** What goes into a pack, and how. */
export interface PackRequest {
  readonly objects: ObjectDatabase;
  readonly selection: ObjectSelection;
  readonly settings: PackSettings;
  /** Whether the client understands OFS_DELTA. */
  readonly ofsDelta: boolean;
  /** Whether deltas may build on objects that only the client has. */
  readonly thin: boolean;
  readonly searcher: DeltaSearcher;
  /** Where the pack goes, trailer included. */
  readonly sink: ByteSink;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: PackProgress) => void;
}

/** How far a pack is: what git says as "Compressing objects" and "Total". */
export type PackProgress =
  | { readonly phase: 'compressing'; readonly done: number; readonly total: number }
  | { readonly phase: 'writing'; readonly done: number; readonly total: number };

/** What was written: the numbers of git's line `Total 5 (delta 2), reused 3 (delta 1), pack-reused 1`. */
export interface PackStatistics {
  readonly objects: number;
  readonly deltas: number;
  /** Objects copied as they lie on disk, and how many of them are deltas. */
  readonly reused: number;
  readonly reusedDeltas: number;
  /** Objects copied from a pack with bitmaps without a closer look: not among the three numbers above. */
  readonly packReused: number;
  /** Packs those came from: `(from 1)` in git's line since 2.45. */
  readonly packsReused: number;
  /** Bytes of the pack, trailer included. */
  readonly bytes: number;
  readonly compressMs: number;
  readonly writeMs: number;
}
