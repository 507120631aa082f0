import { defaultUploadLimits, type UploadLimits } from '../upload/upload-limits.ts';

/** Bounds of a handler. */
export interface HandlerLimits extends UploadLimits {
  /** Requests for repositories answered at one time; more get a 503. Default 64. */
  readonly maxConcurrentRequests: number;
  /** The same for one client address; more get a 429. Default as many as there may be at all. */
  readonly maxRequestsPerClient: number;
  /** Bytes of a request body, as sent and decompressed; more get a 413. Default 64 MiB. */
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
  ...defaultUploadLimits,
  maxConcurrentRequests: 64,
  maxRequestsPerClient: Number.MAX_SAFE_INTEGER,
  maxRequestBytes: 64 * 1024 * 1024,
  requestTimeMs: 120_000,
  totalTimeMs: 6 * 60 * 60 * 1000,
};
