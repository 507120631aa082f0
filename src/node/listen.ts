import type { Server } from 'node:net';
import { GitMirrorError, messageOf } from '../core/error.ts';

/** Where a server answers. */
export interface ListenAddress {
  /** Default `127.0.0.1`. */
  readonly host?: string | undefined;
  /** Default 8418. 0 lets the system choose. */
  readonly port?: number | undefined;
}

/** Port used when none is asked for. */
export const defaultPort = 8418;
const defaultHost = '127.0.0.1';
/** Ports tried after one that is taken. */
const maxNextPorts = 100;

/**
 * Makes `server` listen and returns its base URL, with a slash at the end. When the port is taken and `nextFreePort` is
 * set, the ones after it are tried. Throws `GM_SYSTEM` when none can be had.
 */
export async function listenOn(
  server: Server,
  scheme: string,
  address: ListenAddress,
  nextFreePort: boolean,
): Promise<string> {
  const host = address.host ?? defaultHost;
  const first = address.port ?? defaultPort;
  for (let port = first; ; port += 1) {
    try {
      await listenOnce(server, host, port);
      return baseUrlOf(server, scheme, host);
    } catch (error) {
      const isTaken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
      const isLast = port === 65_535 || port - first >= maxNextPorts;
      if (isTaken && nextFreePort && first !== 0 && !isLast) continue;
      const reason = isTaken ? 'the port is taken: choose another one' : messageOf(error);
      throw new GitMirrorError('GM_SYSTEM', `Listening on ${host}, port ${port}: ${reason}`, { cause: error });
    }
  }
}

function listenOnce(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** A wildcard address is none that a client can be sent to. */
function baseUrlOf(server: Server, scheme: string, host: string): string {
  const address = server.address();
  if (address === null || typeof address === 'string')
    throw new GitMirrorError('GM_INTERNAL', 'The server has no port');
  const isWildcard = host === '0.0.0.0' || host === '::' || host === '';
  const shown = isWildcard ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return `${scheme}://${shown}:${address.port}/`;
}
