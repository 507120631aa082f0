/** How packs are made: git's `pack.*`, `core.*` and `gc.*` settings (git-config(1)). */
export interface PackSettings {
  /** Objects each one is compared with (pack.window). 0: no delta search. */
  readonly window: number;
  /** Bound on the memory of a window in bytes (pack.windowMemory). 0: none. */
  readonly windowMemory: number;
  /** Longest delta chain (pack.depth). */
  readonly depth: number;
  /** Deflate level, -1 for zlib's default (pack.compression, core.compression). */
  readonly compression: number;
  /** Objects larger than this are not compared (core.bigFileThreshold). */
  readonly bigFileThreshold: number;
  /** Threads that search (pack.threads). 0: one a core. */
  readonly threads: number;
  /** Whether whole ranges of a pack may be copied as they lie (pack.allowPackReuse). */
  readonly allowPackReuse: boolean;
}
