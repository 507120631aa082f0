import { assertTransportAllowed } from './allowed-transports.ts';
import type { ConnectOptions } from './connect-options.ts';
import { displayUrl } from './display-url.ts';
import type { Endpoint } from './endpoint.ts';
import { connectGitDaemon } from './git-daemon.ts';
import { connectHttp } from './http/connect-http.ts';
import { connectLocal } from './local.ts';
import { parseEndpoint, type ParsedEndpoint } from './parse-endpoint.ts';
import { connectHelper } from './remote-helper.ts';
import type { ServiceConnection } from './service-connection.ts';
import { connectSsh } from './ssh.ts';

/**
 * Connects to one service of a repository by whatever transport its URL names. The caller closes the connection.
 *
 * Throws `GM_USAGE` for a URL that names nothing or a transport that is not allowed; `GM_AUTH`, `GM_FORBIDDEN`,
 * `GM_NOT_FOUND`, `GM_TLS`, `GM_NETWORK`, `GM_TIMEOUT`, `GM_REMOTE`, `GM_PROTOCOL` when the remote cannot be reached or
 * refuses; `GM_SYSTEM` when a program is missing; and the reason of the signal.
 */
export async function connectService(endpoint: Endpoint, options: ConnectOptions): Promise<ServiceConnection> {
  options.signal?.throwIfAborted();
  const parsed = parseEndpoint(endpoint.url);
  assertTransportAllowed(transportName(parsed), options.env ?? process.env);
  const shown = displayUrl(endpoint.url);
  switch (parsed.transport) {
    case 'http':
      return connectHttp(parsed.target, {
        ...options,
        followInfoRefsRedirect: endpoint.followInfoRefsRedirect ?? options.followInfoRefsRedirect,
      });
    case 'ssh':
      return connectSsh(parsed, shown, options);
    case 'git':
      return connectGitDaemon(parsed, shown, options);
    case 'local':
      return connectLocal(parsed, shown, options);
    case 'helper':
      return connectHelper(parsed, endpoint.url, shown, options);
  }
}

/** Name of a transport in `GIT_ALLOW_PROTOCOL` (git(1)). */
function transportName(parsed: ParsedEndpoint): string {
  switch (parsed.transport) {
    case 'http':
      return parsed.target.url.protocol.slice(0, -1);
    case 'local':
      return 'file';
    case 'helper':
      return parsed.helper;
    case 'ssh':
    case 'git':
      return parsed.transport;
  }
}
