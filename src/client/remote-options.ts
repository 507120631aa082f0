import type { CredentialSource } from '../transport/credential-source.ts';
import type { Dispatcher } from 'undici';
import type { Endpoint, EndpointAuth } from '../transport/endpoint.ts';
import type { ServiceTally } from './service-tally.ts';
import type { TraceSink } from './packet-trace.ts';

/** How a session with one end of a replication is opened. */
export interface RemoteOptions {
  readonly endpoint: Endpoint;
  readonly auth?: EndpointAuth | undefined;
  readonly credentials?: CredentialSource | undefined;
  readonly dispatcher?: Dispatcher | undefined;
  /** Sent as user agent and as `agent=`. */
  readonly userAgent: string;
  readonly caFile?: string | undefined;
  readonly env?: NodeJS.ProcessEnv | undefined;
  readonly tally: ServiceTally;
  readonly tracePacket?: TraceSink | undefined;
  readonly signal?: AbortSignal | undefined;
  /** A line of progress that the remote printed, control characters removed. */
  readonly onMessage?: ((line: string) => void) | undefined;
}
