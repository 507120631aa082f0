import type { OidTable } from './oid-table.ts';

/**
 * The arrays behind a graph. Names are numbered: commits first, 0 to `commitCount - 1`; then annotated tags, up to
 * `commitCount + tagCount - 1`; then names that are only mentioned, whose objects were not in the pack.
 */
export interface CommitGraphData {
  readonly table: OidTable;
  readonly commitCount: number;
  readonly tagCount: number;
  /** Commit `i` has the parents `parents[parentStart[i]]` to `parents[parentStart[i + 1] - 1]`. */
  readonly parentStart: Int32Array;
  readonly parents: Int32Array;
  /** Tag `commitCount + i` points to `tagTargets[i]`. */
  readonly tagTargets: Int32Array;
  /** Committer time of each commit in seconds since 1970. */
  readonly commitTimes: Float64Array;
}
