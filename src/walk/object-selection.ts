import type { ObjectNumber } from '../repository/object-number.ts';
import type { ObjectFilter } from './object-filter.ts';

/** What a client wants, what it has, and where its history is cut. */
export interface SelectionRequest {
  /** Any objects. Always selected themselves, whatever the filter says. */
  readonly wants: readonly ObjectNumber[];
  /** Objects the client has, with everything behind them up to `clientShallow`. */
  readonly haves: readonly ObjectNumber[];
  /** Commits whose parents the client does not have (yet). */
  readonly clientShallow: readonly ObjectNumber[];
  /** Commits whose parents the client is not to get: the shallow boundary after this fetch. */
  readonly boundary: readonly ObjectNumber[];
  /**
   * Commits that were in `clientShallow` and are no longer cut: the client has them, with their trees, but nothing behind
   * them.
   */
  readonly unshallowed: readonly ObjectNumber[];
  readonly filter: ObjectFilter | undefined;
  /** Annotated tags to be added when what they lead to is selected (`include-tag`). */
  readonly includeTags: readonly ObjectNumber[];
  /** Collects objects the client has that are likely to resemble selected ones, for a thin pack. */
  readonly thin: boolean;
}

/**
 * The objects a client lacks, in the order in which git would list them: commits newest first, tags, then trees and
 * blobs. Parallel arrays.
 */
export interface ObjectSelection {
  readonly count: number;
  readonly numbers: Uint32Array;
  /** `packType` of each: 1 to 4. */
  readonly types: Uint8Array;
  /** Git's name hash of the path each was found at; 0 for commits and tags. */
  readonly nameHashes: Uint32Array;
  /** Objects that the client has, as bases for a thin pack. Empty unless asked for. */
  readonly bases: {
    readonly numbers: Uint32Array;
    readonly types: Uint8Array;
    readonly nameHashes: Uint32Array;
  };
  /**
   * Whether bitmaps have told what is selected. Git then takes what it can from their pack without a closer look. When it
   * is not said, it is taken to be so if there are bitmaps.
   */
  readonly isFromBitmaps?: boolean;
  /** Whether the client is known to have this object, which is not selected then. */
  clientHas(number: ObjectNumber): boolean;
}
