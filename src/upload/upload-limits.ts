/** Bounds on what one request may ask for (SPEC S13). Over one, the client gets an `ERR` packet that says so. */
export interface UploadLimits {
  readonly maxWants: number;
  readonly maxHaves: number;
  /** `shallow`, `deepen-not` and `want-ref` lines, each. */
  readonly maxShallows: number;
  readonly maxDepth: number;
  /** Characters of a filter spec, and filters inside filters. */
  readonly maxFilterLength: number;
  readonly maxFilterNesting: number;
  /** Longest pkt-line a client may send, its four length digits included. */
  readonly maxPktLineBytes: number;
}

/** The bounds used when none are given. */
export const defaultUploadLimits: UploadLimits = {
  maxWants: 1_000_000,
  maxHaves: 1_000_000,
  maxShallows: 1_000_000,
  maxDepth: 0x7fff_ffff,
  maxFilterLength: 64 * 1024,
  maxFilterNesting: 32,
  maxPktLineBytes: 65_520,
};
