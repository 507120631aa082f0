import { readFileSync } from 'node:fs';
import { STATUS_CODES } from 'node:http';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { createServer as createTlsServer, TLSSocket } from 'node:tls';
import type { ServerCertificate } from './tls.ts';

/** One request to a faulty server, and the means to answer it well or badly. */
export interface FaultyExchange {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  /** Headers by lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  /** Number of the request, from 0, over all connections. */
  readonly index: number;
  readonly socket: Socket;
  /** Reads the body to its end, or until `maxBytes` of it are there; nothing is read unless this is called. */
  readBody(maxBytes?: number): Promise<Buffer>;
  /** Whether the body has been read to its end, as its length or the last chunk says. */
  isBodyComplete(): boolean;
  /** A well-formed answer with its Content-Length. */
  answer(status: number, headers?: Readonly<Record<string, string>>, body?: string | Uint8Array): void;
  /** Bytes as they are. */
  write(data: string | Uint8Array): void;
  /** Ends the sending side politely (FIN). */
  end(): void;
  /** Cuts the connection: RST, over TLS without a farewell. */
  reset(): void;
}

/** What to do with each request. A connection stays open for the next one unless the script ends it. */
export type FaultyScript = (exchange: FaultyExchange) => void | Promise<void>;

/** A running faulty server. */
export interface FaultyServer {
  /** `http://127.0.0.1:<port>`, without a trailing slash. */
  readonly url: string;
  readonly port: number;
  /** All requests so far, in order. */
  readonly requests: FaultyExchange[];
  /** Resolves when no client holds a connection any more; what they still send is thrown away. Fails after 5 s. */
  untilDeserted(): Promise<void>;
  close(): Promise<void>;
}

/** Starts a raw TCP (or TLS) server on a loopback port that answers exactly as `script` says. */
export async function startFaultyServer(script: FaultyScript, tls?: ServerCertificate): Promise<FaultyServer> {
  const sockets = new Map<Socket, SocketReader>();
  const requests: FaultyExchange[] = [];
  const all = new Set<Socket>();
  const onConnection = (socket: Socket): void => {
    all.add(socket);
    socket.on('close', () => all.delete(socket));
    const reader = new SocketReader(socket);
    sockets.set(socket, reader);
    for (const event of ['end', 'close', 'error']) socket.on(event, () => sockets.delete(socket));
    void serve(socket, reader);
  };
  const serve = async (socket: Socket, reader: SocketReader): Promise<void> => {
    for (;;) {
      const head = await reader.readHead();
      if (head === undefined) return;
      const exchange = newExchange(head, requests.length, socket, reader);
      requests.push(exchange);
      await script(exchange);
    }
  };
  const server =
    tls === undefined
      ? createServer({ allowHalfOpen: true }, onConnection)
      : createTlsServer({ key: readFileSync(tls.keyFile), cert: readFileSync(tls.certFile) }, onConnection);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    port,
    requests,
    async untilDeserted() {
      for (const reader of sockets.values()) reader.discard();
      for (let attempt = 0; sockets.size > 0; attempt += 1) {
        if (attempt === 250) throw new Error(`${sockets.size} connections are still open`);
        await delay(20);
      }
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of all) socket.destroy();
      await closed;
    },
  };
}

function newExchange(head: string, index: number, socket: Socket, reader: SocketReader): FaultyExchange {
  const [requestLine = '', ...lines] = head.split('\r\n');
  const [method = '', url = ''] = requestLine.split(' ');
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  const body = new BodyReader(reader, headers);
  return {
    method,
    url,
    headers,
    index,
    socket,
    readBody: (maxBytes = Infinity) => body.read(maxBytes),
    isBodyComplete: () => body.isComplete,
    answer(status, extra = {}, body = '') {
      const bytes = Buffer.from(body);
      const given = Object.entries({ 'Content-Length': String(bytes.length), ...extra });
      const text = given.map(([name, value]) => `${name}: ${value}\r\n`).join('');
      socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Unknown'}\r\n${text}\r\n`);
      if (bytes.length > 0) socket.write(bytes);
    },
    write(data) {
      socket.write(data);
    },
    end() {
      socket.end();
    },
    reset() {
      if (socket instanceof TLSSocket) socket.destroy();
      else socket.resetAndDestroy();
    },
  };
}

/** Reads from a socket only what is asked for, so that back-pressure reaches the client. */
class SocketReader {
  readonly #socket: Socket;
  #buffer = Buffer.alloc(0);
  #isEnded = false;
  #wake: () => void = () => undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('readable', () => {
      this.#wake();
    });
    for (const event of ['end', 'close', 'error']) {
      socket.on(event, () => {
        this.#isEnded = true;
        this.#wake();
      });
    }
  }

  /** Request line and headers, or undefined at the end of the connection. */
  async readHead(): Promise<string | undefined> {
    for (;;) {
      const end = this.#buffer.indexOf('\r\n\r\n');
      if (end >= 0) return (await this.read(end + 4)).toString('latin1', 0, end);
      if (!(await this.#more())) return undefined;
    }
  }

  /** A line without its end, or undefined at the end of the connection. */
  async readLine(): Promise<string | undefined> {
    for (;;) {
      const end = this.#buffer.indexOf('\r\n');
      if (end >= 0) return (await this.read(end + 2)).toString('latin1', 0, end);
      if (!(await this.#more())) return undefined;
    }
  }

  /** Between 1 and `maxBytes` bytes; none at the end of the connection. */
  async readSome(maxBytes: number): Promise<Buffer> {
    if (this.#buffer.length === 0) await this.#more();
    return this.read(Math.min(maxBytes, this.#buffer.length));
  }

  /** Exactly `size` bytes; fewer at the end of the connection. */
  async read(size: number): Promise<Buffer> {
    while (this.#buffer.length < size) if (!(await this.#more())) break;
    const taken = this.#buffer.subarray(0, size);
    this.#buffer = this.#buffer.subarray(taken.length);
    return taken;
  }

  /** Throws away whatever still comes. */
  discard(): void {
    this.#socket.removeAllListeners('readable');
    this.#socket.resume();
  }

  async #more(): Promise<boolean> {
    for (;;) {
      const chunk = this.#socket.read() as Buffer | null;
      if (chunk !== null) {
        this.#buffer = Buffer.concat([this.#buffer, chunk]);
        return true;
      }
      if (this.#isEnded || this.#socket.destroyed) return false;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

/** The body of one request, of known length or in chunks; reading goes on where it stopped. */
class BodyReader {
  readonly #reader: SocketReader;
  readonly #isChunked: boolean;
  /** Bytes left of the body, or of the current chunk; undefined between chunks. */
  #left: number | undefined;
  #isFirst = true;
  isComplete = false;

  constructor(reader: SocketReader, headers: Readonly<Record<string, string>>) {
    this.#reader = reader;
    this.#isChunked = headers['transfer-encoding'] === 'chunked';
    this.#left = this.#isChunked ? undefined : Number(headers['content-length'] ?? 0);
    this.isComplete = this.#left === 0;
  }

  async read(maxBytes: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (let length = 0; !this.isComplete && length < maxBytes;) {
      if (this.#left === undefined) {
        // The line end behind a chunk may come only together with the next one.
        if (!this.#isFirst) await this.#reader.readLine();
        this.#isFirst = false;
        const line = await this.#reader.readLine();
        if (line === undefined) break;
        this.#left = Number.parseInt(line, 16);
        if (this.#left === 0) {
          this.isComplete = (await this.#reader.readLine()) === '';
          break;
        }
      }
      const part = await this.#reader.readSome(Math.min(this.#left, maxBytes - length));
      if (part.length === 0) break;
      parts.push(part);
      length += part.length;
      this.#left -= part.length;
      if (this.#left > 0) continue;
      if (this.#isChunked) this.#left = undefined;
      else this.isComplete = true;
    }
    return Buffer.concat(parts);
  }
}
