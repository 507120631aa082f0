import type { ConnectOptions, ProtocolVersion } from '../transport/connect-options.ts';
import type { EndpointRole } from '../transport/endpoint.ts';
import type { GitService } from '../transport/service-connection.ts';
import type { RemoteOptions } from './remote-options.ts';

/** What a transport has to know to connect to one service of the endpoint of `options`. */
export function serviceOptions(
  options: RemoteOptions,
  service: GitService,
  role: EndpointRole,
  protocol: ProtocolVersion,
): ConnectOptions {
  return {
    service,
    protocol,
    role,
    auth: options.auth,
    credentials: options.credentials,
    dispatcher: options.dispatcher,
    userAgent: options.userAgent,
    meter: options.tally,
    signal: options.signal,
    followInfoRefsRedirect: options.endpoint.followInfoRefsRedirect,
    env: options.env,
    caFile: options.caFile,
  };
}
