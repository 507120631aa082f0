/**
 * A commit-graph file, or a chain of them (gitformat-commit-graph). Commits are named by their position, from 0 to
 * `commitCount` - 1, over all files of the chain.
 */
export interface CommitGraph {
  readonly commitCount: number;
  /** Position of the raw name at `address` of kernel memory, or -1. */
  find(address: number): number;
  /** Writes the raw name of the commit to kernel memory at `address`. */
  copyName(position: number, address: number): void;
  /** Writes the raw name of its tree to kernel memory at `address`. */
  copyTreeName(position: number, address: number): void;
  /** Positions of its parents, in order. The array is overwritten by the next call. */
  parents(position: number): readonly number[];
  /** Seconds since 1970. */
  commitTime(position: number): number;
  /** Corrected commit date where the file has it for all, else the topological level; greater than that of any parent. */
  generation(position: number): number;
}
