import type { UploadFacts } from '../upload/upload-observer.ts';
import type { BackendName, TimedPhase } from './request-observer.ts';

/** What became of a request. */
export interface RequestRecord {
  readonly method: string;
  /** Name of the repository, when the request was for one that exists. */
  readonly repository: string | undefined;
  /** Path below the repository, when it is one that this server knows. */
  readonly path: string | undefined;
  /** `git-upload-pack` for its advertisement; undefined for other requests. */
  readonly service: string | undefined;
  /** Status sent; 499 when the client went away before there was one. */
  readonly status: number;
  readonly requestBytes: number;
  readonly responseBytes: number;
  /** Milliseconds since 1970, with fractions. */
  readonly startMs: number;
  readonly durationMs: number;
  /** Why the request failed. */
  readonly error?: string | undefined;
  /** Whether the client went away before the answer was complete. */
  readonly isAbandoned: boolean;
  /** Which backend answered; undefined when none was asked. */
  readonly backend: BackendName | undefined;
  /** Value of the `Git-Protocol` header, as the client sent it; empty without one. */
  readonly gitProtocol: string;
  /** What the backend said of it: nothing but for the native one. */
  readonly facts: UploadFacts;
  readonly phases: readonly TimedPhase[];
}

/** How a request ended, in few words: for labels. */
export type RequestResult = 'ok' | 'refused' | 'abandoned' | 'failed';

/** `refused`: the request is to blame. `abandoned`: the client left. `failed`: the server is to blame. */
export function resultOf(record: RequestRecord): RequestResult {
  if (record.isAbandoned) return 'abandoned';
  if (record.status >= 500) return record.status === 503 ? 'refused' : 'failed';
  if (record.status >= 400) return 'refused';
  if (record.error !== undefined) return 'failed';
  return record.facts.refusal === undefined ? 'ok' : 'refused';
}

/** Watches requests: metrics and traces. Calls are cheap and never throw. */
export interface RequestWatcher {
  /** A request has come in, with these headers; the returned function is called with what became of it. */
  begin(headers: RequestHeaders): (record: RequestRecord) => void;
}

/** Headers by lower-case name, as `node:http` gives them. */
export type RequestHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;
