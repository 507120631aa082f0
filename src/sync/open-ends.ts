import type { RemoteOptions } from '../client/remote-options.ts';
import type { ServiceTally } from '../client/service-tally.ts';
import { userAgent } from '../core/version.ts';
import { gitCredentialSource } from '../transport/credential-helper.ts';
import type { Endpoint, EndpointRole } from '../transport/endpoint.ts';
import type { Options } from './client.ts';
import type { RunContext } from './run-context.ts';

/** Options of a session with `endpoint`: what the client was made with, and what this run adds. */
export async function remoteOptions(
  endpoint: Endpoint,
  role: EndpointRole,
  options: Options,
  context: RunContext,
  tally: ServiceTally,
): Promise<RemoteOptions> {
  return {
    endpoint,
    auth: await options.auth?.authFor(endpoint, role),
    credentials: options.useCredentialHelper === false ? undefined : gitCredentialSource({ env: options.env }),
    dispatcher: options.dispatcher,
    userAgent: userAgent(options.userAgentPrefix),
    caFile: options.caFile,
    env: options.env,
    tally,
    tracePacket: options.tracePacket,
    signal: context.signal,
    onMessage: context.progress.messagesOf(role === 'source' ? 'source' : endpoint.url),
  };
}
