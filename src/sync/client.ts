import type { Dispatcher } from 'undici';
import type { AuthProvider } from '../transport/endpoint.ts';
import type { CallOptions } from './progress.ts';
import type { PlanRequest, ProbeRequest, SyncRequest } from './request.ts';
import type { PlanResult, ProbeResult, SyncResult } from './result.ts';

/** How a client reaches the world. */
export interface Options {
  /** Carries all HTTP: proxy, TLS, tracing and time-outs are the caller's then. Not closed by the client. */
  readonly dispatcher?: Dispatcher | undefined;
  /** Default: anonymous, then `git credential fill` after a 401. */
  readonly auth?: AuthProvider | undefined;
  /** Ask `git credential` after a 401. Default true. */
  readonly useCredentialHelper?: boolean | undefined;
  /** Put in front of `git-mirror/<version>` in user agents. */
  readonly userAgentPrefix?: string | undefined;
  /** Certificate authorities (PEM file) trusted besides the usual ones. */
  readonly caFile?: string | undefined;
  /** Environment read for proxies, ssh and the like. Default `process.env`. */
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** Called with each line of a packet trace, without its line end. */
  readonly tracePacket?: ((line: string) => void) | undefined;
}

/** Copies refs and objects between remotes. Every method validates its request before it touches the network. */
export interface Client {
  /** What a source has and can do, and what a target can do. */
  probe(request: ProbeRequest, options?: CallOptions): Promise<ProbeResult>;
  /** What a sync or replicate would do. */
  plan(request: PlanRequest, options?: CallOptions): Promise<PlanResult>;
  /** Brings the target up to date where that is safe. With blocked refs nothing is pushed; look at `counts.blocked`. */
  sync(request: SyncRequest, options?: CallOptions): Promise<SyncResult>;
  /** Makes the target equal to the source. Relay only. */
  replicate(request: SyncRequest, options?: CallOptions): Promise<SyncResult>;
}
