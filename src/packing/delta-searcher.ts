import type { ObjectDatabase } from '../repository/object-database.ts';
import type { PackSettings } from './pack-settings.ts';

/** Objects in the order in which they are compared: of one kind together, alike ones near each other, largest first. */
export interface DeltaCandidates {
  readonly count: number;
  readonly numbers: Uint32Array;
  /** 1: only to be built on, never a delta itself (the client has it). */
  readonly isBase: Uint8Array;
  readonly nameHashes: Uint32Array;
  readonly sizes: Float64Array;
  readonly types: Uint8Array;
  /** How many reused deltas hang below each, one behind the other. */
  readonly depths: Uint16Array;
  /** The pack each lies in, -1 for a loose object: only compared with each other. */
  readonly packs: Int32Array;
  /** 1: it lies there whole. Git found nothing to build it on in that pack before, and will not now. */
  readonly isWhole: Uint8Array;
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

/** How a search is watched and stopped. */
export interface DeltaSearchOptions {
  readonly signal: AbortSignal;
  /** @param done - objects dealt with so far, those that are only built on left out. */
  readonly onProgress: (done: number) => void;
}

/** Finds deltas, on this thread or on others. */
export interface DeltaSearcher {
  search(
    objects: ObjectDatabase,
    candidates: DeltaCandidates,
    settings: PackSettings,
    options: DeltaSearchOptions,
  ): Promise<readonly FoundDelta[]>;
}
