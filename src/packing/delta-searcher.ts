import type { ObjectDatabase } from '../repository/object-database.ts';
import type { PackSettings } from './pack-settings.ts';

/** Objects in the order in which they are compared: of one kind together, alike ones near each other, largest first. */
export interface DeltaCandidates {
  readonly numbers: Uint32Array;
  /** 1: only to be built on, never a delta itself (the client has it). */
  readonly isBase: Uint8Array;
  readonly nameHashes: Uint32Array;
  readonly sizes: Float64Array;
  readonly types: Uint8Array;
  /** Length of the chain behind each that is there already (a reused delta), and below it. */
  readonly depths: Uint16Array;
}

/** A delta that was found. */
export interface FoundDelta {
  /** Index of the object and of its base among the candidates. */
  readonly target: number;
  readonly base: number;
  /** Inflated size of the delta. */
  readonly size: number;
  /** The delta deflated, as it goes into the pack; undefined when it is made again on writing to save memory. */
  readonly deflated: Uint8Array | undefined;
}

/** Finds deltas, on this thread or on others. */
export interface DeltaSearcher {
  search(
    objects: ObjectDatabase,
    candidates: DeltaCandidates,
    settings: PackSettings,
    options: { readonly signal: AbortSignal; readonly onProgress: (done: number) => void },
  ): Promise<readonly FoundDelta[]>;
}
