/** Bounds on what making one pack takes. */
export const packingLimits = {
  /** Longest delta chain that pack.depth can ask for, as git has it. */
  maxDepth: 4095,
  /** Largest pack.window that is honoured: each step of a search may look at this many objects. */
  maxWindow: 10_000,
  /** Bytes of one window, contents and indexes, whatever pack.windowMemory says: all of it lies in WebAssembly's 4 GiB. */
  maxWindowBytes: 512 * 1024 * 1024,
  /** Larger objects are not compared, whatever core.bigFileThreshold says. */
  maxComparedBytes: 128 * 1024 * 1024,
  /** Bytes of deflated deltas kept from the search until they are written (git: pack.deltaCacheSize); others are made again. */
  maxKeptDeltaBytes: 256 * 1024 * 1024,
  /** Larger loose objects that become no deltas are passed through from their file, never held. */
  maxHeldLooseBytes: 32 * 1024 * 1024,
  /** Objects larger than this are deflated piece by piece, so that they are not held a second time. */
  maxDeflatedAtOnceBytes: 1024 * 1024,
} as const;
