import type { Dispatcher } from 'undici';
import type { CredentialSource } from './credential-source.ts';
import type { EndpointAuth, EndpointRole } from './endpoint.ts';
import type { GitService } from './service-connection.ts';
import type { TrafficMeter } from './traffic-meter.ts';

/** Version of Git's wire protocol. 0 asks for none: the oldest form. */
export type ProtocolVersion = 0 | 1 | 2;

/** How to connect to one service of one remote; transports ignore what does not concern them. */
export interface ConnectOptions {
  readonly service: GitService;
  /** Version asked for by `Git-Protocol: version=…` (or its twin); 0 sends nothing. The server may answer in a lower one. */
  readonly protocol: ProtocolVersion;
  /** Which end of the replication this is: decides the names of settings in messages. */
  readonly role: EndpointRole;
  /** Credentials that were given explicitly. Only these are tried then. */
  readonly auth?: EndpointAuth | undefined;
  /** Asked after a 401 when no credentials were given. Without it a 401 is final. */
  readonly credentials?: CredentialSource | undefined;
  /**
   * HTTP dispatcher of an embedder: proxy, TLS, tracing and time-outs are its business then, and it is not closed.
   * It needs `allowH2: false` or a server that takes chunked bodies over HTTP/2.
   */
  readonly dispatcher?: Dispatcher | undefined;
  /** Value of the `User-Agent` header. */
  readonly userAgent: string;
  /** Told of requests and body bytes. */
  readonly meter?: TrafficMeter | undefined;
  /** Ends the connection and everything on it; its `reason` is what callers get. */
  readonly signal?: AbortSignal | undefined;
  /** Whether a redirect of `/info/refs` moves the following requests too. Default true; false refuses the redirect. */
  readonly followInfoRefsRedirect?: boolean | undefined;
  /** Time for making a TCP and TLS connection, in milliseconds. Default 30 s. */
  readonly connectTimeoutMs?: number | undefined;
  /** Longest time without a byte in either direction, in milliseconds. Default 10 min: a target indexes a pack before it answers. */
  readonly idleTimeoutMs?: number | undefined;
  /** Environment that proxy, TLS and program settings are read from. Default `process.env`. */
  readonly env?: Readonly<NodeJS.ProcessEnv> | undefined;
  /** PEM file of certificate authorities trusted besides the usual ones. */
  readonly caFile?: string | undefined;
}
