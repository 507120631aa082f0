/** Bounds of a handler. */
export interface HandlerLimits {
  /** Requests for repositories answered at one time; more get a 503. Default 64. */
  readonly maxConcurrentRequests: number;
  /** Bytes of a request body as sent; more get a 413. Default 64 MiB. */
  readonly maxRequestBytes: number;
  /**
   * Time without a byte read from, or taken by, the client; work on the first byte of the answer counts too. Default
   * 120 s. A long clone over a slow line is not ended by it.
   */
  readonly requestTimeMs: number;
  /** Time for a whole exchange, however busy. Default 6 h. */
  readonly totalTimeMs: number;
}

/** The bounds used when none are given. */
export const defaultHandlerLimits: HandlerLimits = {
  maxConcurrentRequests: 64,
  maxRequestBytes: 64 * 1024 * 1024,
  requestTimeMs: 120_000,
  totalTimeMs: 6 * 60 * 60 * 1000,
};
