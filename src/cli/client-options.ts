import type { Options } from '../sync/client.ts';
import type { Credentials } from './credentials.ts';
import type { Invocation } from './invocation.ts';
import { openTraceSink, type TraceSink } from './trace-sink.ts';

/** Options for the library, and what has to be closed after the run. */
export interface ClientSettings {
  readonly options: Options;
  readonly trace: TraceSink | undefined;
}

/** How the library is to reach the world, by flags and environment. */
export function clientSettings(invocation: Invocation, credentials: Credentials): ClientSettings {
  const { env, stderr } = invocation.host;
  const { caFile } = invocation.flags;
  const trace = openTraceSink(env['GIT_MIRROR_TRACE_PACKET'], stderr);
  return {
    options: { env, auth: credentials.auth, caFile, tracePacket: trace?.write },
    trace,
  };
}
