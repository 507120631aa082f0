/** Steps of an exchange, in their order (SPEC S15, S16). */
export type UploadPhase = 'parse' | 'negotiate' | 'traverse' | 'compress' | 'stream';

/** What an exchange was, told once what is known. */
export interface UploadFacts {
  readonly protocol?: 0 | 1 | 2;
  /** `ls-refs`, `fetch`, `object-info`, `mirrors`, `advertise` … */
  readonly command?: string;
  /** The kind of filter, `none` without one: few values, fit for a label. */
  readonly filter?: string;
  readonly wants?: number;
  readonly haves?: number;
  readonly objects?: number;
  readonly deltas?: number;
  readonly reused?: number;
  readonly packBytes?: number;
  /** Where the pack came from, see `DeliveredPack`; not set when no cache was asked. */
  readonly cache?: 'miss' | 'shared' | 'hit';
  /** What the client says of itself. Hostile: only for logs and spans. */
  readonly agent?: string;
  readonly sessionId?: string;
  /** What the service calls this exchange (transfer.advertiseSID). */
  readonly serverSessionId?: string;
  /** The message of the `ERR` packet or of band 3 that ended it. */
  readonly refusal?: string;
}

/** Is told what an exchange does. Calls are cheap and never throw. */
export interface UploadObserver {
  /** `phase` took from `startMs` to `endMs` (milliseconds since 1970, with fractions). */
  phase(phase: UploadPhase, startMs: number, endMs: number): void;
  facts(facts: UploadFacts): void;
}
