import type { Server as HttpServer } from 'node:http';
import type { Server, Socket } from 'node:net';
import { listenOn, type ListenAddress } from './listen.ts';

/** Connections of one server at one time; what is above it waits in the system's queue. */
const maxConnections = 1024;

/** Servers that listen, and end together. */
export class ServerSockets {
  readonly #servers: { readonly server: Server; readonly connections: Set<Socket> }[] = [];

  /** Makes `server` listen and returns its base URL. Throws as {@link listenOn}. */
  async listen(server: Server, scheme: string, address: ListenAddress, nextFreePort: boolean): Promise<string> {
    server.maxConnections = maxConnections;
    const connections = new Set<Socket>();
    server.on('connection', (socket: Socket) => {
      connections.add(socket);
      socket.once('close', () => connections.delete(socket));
    });
    const url = await listenOn(server, scheme, address, nextFreePort);
    this.#servers.push({ server, connections });
    return url;
  }

  /** Stops accepting, lets what is running finish for `graceMs`, breaks it off, and gives it `endMs` to end. */
  async close(graceMs: number, endMs: number): Promise<void> {
    const closed = this.#servers.map(
      ({ server }) =>
        new Promise<void>((resolve) => {
          server.close(() => {
            resolve();
          });
        }),
    );
    for (const { server } of this.#servers) if (isHttp(server)) server.closeIdleConnections();
    const timers = [
      setTimeout(() => {
        for (const { connections } of this.#servers) for (const socket of connections) socket.destroy();
      }, graceMs),
    ];
    const tooLate = new Promise<void>((resolve) => {
      timers.push(setTimeout(resolve, graceMs + endMs));
    });
    await Promise.race([Promise.all(closed), tooLate]);
    for (const timer of timers) clearTimeout(timer);
  }
}

function isHttp(server: Server): server is HttpServer {
  return 'closeIdleConnections' in server;
}
