import type { ErrorCode } from '../../core/error.ts';

/** Something that did not answer as it should. */
export interface RankFailure {
  readonly code: ErrorCode;
  readonly message: string;
}

/** One line of a ranking. Null where something could not be measured. */
export interface RankEntry {
  /** Credentials removed. */
  readonly url: string;
  readonly connectMs: number | null;
  readonly firstByteMs: number | null;
  readonly bytesPerSecond: number | null;
  /** Branches of the origin that the mirror has at the same commit, of how many. */
  readonly sameBranches: number | null;
  readonly originBranches: number | null;
  /** The smallest is the best; null for a mirror that cannot be used. */
  readonly score: number | null;
  readonly error: RankFailure | null;
}

/** What `git mirror rank --json` writes. */
export interface RankResult {
  /** Null for a URL that is no remote. */
  readonly remote: string | null;
  readonly originUrl: string;
  /** Why the origin's branches are not known. */
  readonly originError: RankFailure | null;
  /** ISO 8601. */
  readonly measuredAt: string;
  /** How many were remembered in the configuration. */
  readonly stored: number;
  /** What `remote.<name>.preferredMirror` was set to. */
  readonly preferred: string | null;
  /** The best first, those that cannot be used last. */
  readonly mirrors: readonly RankEntry[];
}
