import type { ObjectId } from '../core/object-id.ts';
import type { GitProgram } from './git-program.ts';
import type { MirrorCandidate, MirrorLimits, MirrorReporter } from './mirror-candidate.ts';

/** A ref as the origin has it now. */
export interface OriginRef {
  readonly name: string;
  readonly oid: ObjectId;
}

/** What mirrors are asked for. */
export interface BulkRequest {
  /** Git in the repository that takes the objects. */
  readonly git: GitProgram;
  /** In the order in which they are asked. */
  readonly mirrors: readonly MirrorCandidate[];
  /** The origin's refs whose objects are not all here. Names are those of the origin. */
  readonly wanted: readonly OriginRef[];
  /** Flags of git fetch that say how much of each is wanted: `--depth=1`, `--filter=blob:none`. */
  readonly scope: readonly string[];
  readonly limits: MirrorLimits;
  readonly reporter: MirrorReporter;
  /** Ends everything. */
  readonly signal: AbortSignal;
  /** Gives the signal that ends the mirror which is being asked now, and no more (Ctrl-C). */
  readonly skip: () => AbortSignal;
}

/** What came of it. Refs that hold it lie under `refs/mirror/<space>/` until they are cleaned up. */
export interface BulkResult {
  /** Mirrors that gave something, and those that did not, with the reason. */
  readonly used: readonly MirrorCandidate[];
  readonly failed: readonly { readonly mirror: MirrorCandidate; readonly reason: string }[];
  /** Of `wanted`, what is here now. */
  readonly arrived: readonly OriginRef[];
}

/**
 * Takes objects from mirrors, one after another, until nothing more can be had: no failure of a mirror is an error. No ref
 * but those under `refs/mirror/` is touched. Throws the reason of `signal`.
 */
export type BulkFetch = (request: BulkRequest) => Promise<BulkResult>;
