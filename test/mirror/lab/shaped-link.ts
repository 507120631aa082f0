import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** What a link does to what passes over it. Everything that is left out is as good as the machine is. */
export interface LinkShape {
  /** Bytes a second towards clients, all connections together. */
  readonly bytesPerSecond?: number | undefined;
  /** Each way. What a handshake would take, a round trip, is added in front of a connection's first byte. */
  readonly latencyMs?: number | undefined;
  /** After so many bytes to its client, a connection is reset. */
  readonly cutAfterBytes?: number | undefined;
  /** After so many bytes to its client, a connection stays open and says nothing more. */
  readonly stallAfterBytes?: number | undefined;
  /** Nobody listens. */
  readonly isRefused?: boolean | undefined;
}

/** One connection that a client made, open or not. */
export interface LinkConnection {
  readonly bytesToClient: number;
  readonly bytesFromClient: number;
  readonly isOpen: boolean;
}

/** A TCP relay in front of a server. */
export interface ShapedLink {
  readonly address: string;
  readonly port: number;
  /** All since the last {@link forget}, in order. */
  readonly connections: readonly LinkConnection[];
  /** Towards clients, over all `connections`. */
  readonly bytesToClients: number;
  /** From now on: another shape. Connections that are open take it at their next bytes; refusing resets them. */
  reshape(shape: LinkShape): Promise<void>;
  /** Resets every connection. */
  cut(): void;
  /** Counts from zero again. */
  forget(): void;
  close(): Promise<void>;
}

/** Options of {@link openShapedLink}. */
export interface ShapedLinkOptions {
  /** Port of the server behind it, on 127.0.0.1. */
  readonly targetPort: number;
  /** Loopback address to listen on: `127.0.0.2` is another host. Default 127.0.0.1. */
  readonly address?: string | undefined;
  readonly shape?: LinkShape | undefined;
}

/** So much is handed on at a time: small, so that rates are smooth and cuts exact. */
const sliceBytes = 16 * 1024;
/** A line that was not used for so long may send what it could have sent meanwhile. */
const maxCatchUpMs = 100;
/** So much of one direction may be on its way under latency. */
const maxInFlightBytes = 8 * 1024 * 1024;

/** Opens a relay on a free port. */
export async function openShapedLink(options: ShapedLinkOptions): Promise<ShapedLink> {
  const { targetPort, address = '127.0.0.1' } = options;
  let shape: LinkShape = {};
  /** When the line towards clients has sent all that was given to it. */
  let lineFreeAt = 0;
  let connections: Connection[] = [];
  const open = new Set<Connection>();

  const reserve = async (bytes: number): Promise<void> => {
    const { bytesPerSecond } = shape;
    if (bytesPerSecond === undefined) return;
    // Timers end late on a machine with much to do: what was missed may be made up for, a little.
    lineFreeAt = Math.max(lineFreeAt, performance.now() - maxCatchUpMs) + (bytes / bytesPerSecond) * 1000;
    const waitMs = lineFreeAt - performance.now();
    if (waitMs > 1) await delay(waitMs);
  };
  const accept = (client: Socket): void => {
    const connection = new Connection(client, connect({ host: '127.0.0.1', port: targetPort }), () => shape, reserve);
    connections.push(connection);
    open.add(connection);
    void connection.ended.then(() => open.delete(connection));
  };
  const cut = (): void => {
    for (const connection of open) connection.reset();
  };
  let server: Server | undefined;
  let port = 0;
  const listen = async (): Promise<void> => {
    const listener = createServer({ allowHalfOpen: true }, accept);
    server = listener;
    await new Promise<void>((resolve, reject) => {
      listener.once('error', reject);
      listener.listen(port, address, resolve);
    });
    port = (listener.address() as AddressInfo).port;
  };
  const stop = async (): Promise<void> => {
    const listener = server;
    const closed = new Promise<void>((resolve) => {
      if (listener === undefined) resolve();
      else
        listener.close(() => {
          resolve();
        });
    });
    server = undefined;
    cut();
    await closed;
  };
  const reshape = async (next: LinkShape): Promise<void> => {
    shape = next;
    if (next.isRefused === true) await stop();
    else if (server === undefined) await listen();
  };
  await listen();
  await reshape(options.shape ?? {});
  return {
    address,
    port,
    get connections() {
      return connections;
    },
    get bytesToClients() {
      return connections.reduce((sum, { bytesToClient }) => sum + bytesToClient, 0);
    },
    reshape,
    cut,
    forget() {
      connections = [];
    },
    close: stop,
  };
}

/** One client's connection and the one to the server that belongs to it. */
class Connection implements LinkConnection {
  bytesToClient = 0;
  bytesFromClient = 0;
  isOpen = true;
  readonly ended: Promise<unknown>;
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #shape: () => LinkShape;
  readonly #reserve: (bytes: number) => Promise<void>;

  constructor(client: Socket, server: Socket, shape: () => LinkShape, reserve: (bytes: number) => Promise<void>) {
    this.#client = client;
    this.#server = server;
    this.#shape = shape;
    this.#reserve = reserve;
    for (const socket of [client, server]) socket.setNoDelay(true).on('error', () => undefined);
    // Whoever is reset takes the other side along.
    client.on('close', () => server.destroy());
    server.on('close', (hadError) => {
      if (hadError) client.resetAndDestroy();
    });
    this.ended = new Promise((resolve) => client.on('close', resolve)).then(() => {
      this.isOpen = false;
    });
    void this.#relay(client, server, (slice) => this.#fromClient(slice)).catch(() => undefined);
    void this.#relay(server, client, (slice) => this.#toClient(slice)).catch(() => undefined);
  }

  reset(): void {
    this.#client.resetAndDestroy();
    this.#server.destroy();
  }

  /** Hands on what `admit` lets through, each slice `latencyMs` after it came. */
  async #relay(from: Socket, to: Socket, admit: (slice: Buffer) => Promise<Buffer>): Promise<void> {
    let inFlightBytes = 0;
    let last: Promise<void> = Promise.resolve();
    const send = (slice: Buffer, dueAt: number): void => {
      inFlightBytes += slice.length;
      const before = last;
      last = (async () => {
        await before;
        const waitMs = dueAt - performance.now();
        if (waitMs > 0) await delay(waitMs);
        inFlightBytes -= slice.length;
        if (!to.destroyed && !to.write(slice)) await drained(to);
      })();
    };
    let handshakeMs = from === this.#client ? 2 * (this.#shape().latencyMs ?? 0) : 0;
    for await (const chunk of from as AsyncIterable<Buffer>) {
      for (let at = 0; at < chunk.length; at += sliceBytes) {
        const slice = await admit(chunk.subarray(at, at + sliceBytes));
        const { latencyMs } = this.#shape();
        if (latencyMs === undefined) {
          await last;
          if (!to.destroyed && !to.write(slice)) await drained(to);
          continue;
        }
        send(slice, performance.now() + latencyMs + handshakeMs);
        handshakeMs = 0;
        if (inFlightBytes > maxInFlightBytes) await last;
      }
    }
    await last;
    to.end();
  }

  async #fromClient(slice: Buffer): Promise<Buffer> {
    this.bytesFromClient += slice.length;
    return slice;
  }

  async #toClient(slice: Buffer): Promise<Buffer> {
    const { cutAfterBytes = Infinity, stallAfterBytes = Infinity } = this.#shape();
    await this.#reserve(slice.length);
    const left = Math.max(0, Math.min(cutAfterBytes, stallAfterBytes) - this.bytesToClient);
    if (left >= slice.length) {
      this.bytesToClient += slice.length;
      return slice;
    }
    this.bytesToClient += left;
    const isCut = cutAfterBytes <= stallAfterBytes;
    if (left > 0) {
      await new Promise((resolve) => this.#client.write(slice.subarray(0, left), resolve));
    }
    if (isCut) this.reset();
    await this.ended;
    throw new Error('the connection has ended');
  }
}

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const finish = (): void => {
      socket.off('drain', finish).off('close', finish);
      resolve();
    };
    socket.on('drain', finish).on('close', finish);
  });
}
