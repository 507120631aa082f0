import { spawn, type ChildProcess } from 'node:child_process';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { ServerCertificate } from './tls.ts';

/** A request as the front saw it. */
export interface RecordedRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Bytes of the body as they came, compressed or not; grows while the body arrives. */
  bodyBytes: number;
  /** Status of the answer; 0 before there is one. */
  status: number;
  /** Number of the TCP connection it came on, from 0: tells whether connections are used again. */
  readonly connection: number;
}

/** Looks at a request first; true (or a promise of it) when it has answered. */
export type HttpMiddleware = (request: IncomingMessage, response: ServerResponse) => boolean | Promise<boolean>;

/** What the front serves, and how. */
export interface HttpBackendOptions {
  /** Folder the repositories lie in: `<root>/x.git` is `<url>/x.git`. */
  readonly root: string;
  /** More environment for `git http-backend`. */
  readonly env?: Readonly<Record<string, string>>;
  readonly middleware?: HttpMiddleware;
  /** Who has logged in, as CGI tells; pushes need somebody, or `http.receivepack=true`. Default `tester`; '' for nobody. */
  readonly remoteUser?: string;
  /** Speaks TLS with this certificate. */
  readonly tls?: ServerCertificate;
}

/** A running front. */
export interface HttpBackend {
  /** `http://127.0.0.1:<port>`, without a trailing slash. */
  readonly url: string;
  readonly port: number;
  /** All requests so far, in order. */
  readonly requests: RecordedRequest[];
  /** Cuts all connections and ends the programs behind them. */
  close(): Promise<void>;
}

/** Starts real `git http-backend` behind a small HTTP server on a loopback port; bodies stream in both directions. */
export async function startHttpBackend(options: HttpBackendOptions): Promise<HttpBackend> {
  const program = httpBackendProgram();
  const requests: RecordedRequest[] = [];
  const children = new Set<ChildProcess>();
  const connections = new WeakMap<object, number>();
  let connectionCount = 0;
  const listener: RequestListener = (request, response) => {
    const recorded: RecordedRequest = {
      method: request.method ?? '',
      url: request.url ?? '',
      headers: request.headers,
      bodyBytes: 0,
      status: 0,
      connection: connections.get(request.socket) ?? -1,
    };
    requests.push(recorded);
    response.on('close', () => {
      recorded.status = response.statusCode;
    });
    void answer(request, response, recorded);
  };
  const answer = async (
    request: IncomingMessage,
    response: ServerResponse,
    recorded: RecordedRequest,
  ): Promise<void> => {
    if ((await options.middleware?.(request, response)) === true) return;
    runCgi(program, options, request, response, recorded, children);
  };
  const server =
    options.tls === undefined
      ? createServer(listener)
      : createTlsServer({ key: readFileSync(options.tls.keyFile), cert: readFileSync(options.tls.certFile) }, listener);
  server.requestTimeout = 0;
  server.on(options.tls === undefined ? 'connection' : 'secureConnection', (socket: object) => {
    connections.set(socket, connectionCount++);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `${options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    port,
    requests,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await Promise.all([...children].map(endChild));
      await closed;
    },
  };
}

/** Where `git http-backend` is; a clear error when git lacks it. */
export function httpBackendProgram(): string {
  const program = join(execFileSync('git', ['--exec-path'], { encoding: 'utf8' }).trim(), 'git-http-backend');
  if (!existsSync(program)) throw new Error(`${program} is missing: install a git that has http-backend`);
  return program;
}

function runCgi(
  program: string,
  options: HttpBackendOptions,
  request: IncomingMessage,
  response: ServerResponse,
  recorded: RecordedRequest,
  children: Set<ChildProcess>,
): void {
  const child = spawn(program, { env: cgiEnvironment(options, request), stdio: ['pipe', 'pipe', 'ignore'] });
  children.add(child);
  child.on('close', () => children.delete(child));
  child.on('error', () => {
    response.writeHead(500).end();
  });
  request.on('data', (chunk: Buffer) => {
    recorded.bodyBytes += chunk.length;
  });
  // The program may end without reading the request; what is left of it is then thrown away.
  child.stdin.on('error', () => {
    request.unpipe(child.stdin);
    request.resume();
  });
  request.pipe(child.stdin);
  response.on('close', () => {
    if (!response.writableFinished) child.kill('SIGKILL');
  });
  sendCgiAnswer(child, response);
}

function cgiEnvironment(options: HttpBackendOptions, request: IncomingMessage): NodeJS.ProcessEnv {
  const { pathname, search } = new URL(request.url ?? '/', 'http://front');
  const { headers } = request;
  const remoteUser = options.remoteUser ?? 'tester';
  return {
    PATH: process.env['PATH'],
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_PROJECT_ROOT: options.root,
    GIT_HTTP_EXPORT_ALL: '1',
    GATEWAY_INTERFACE: 'CGI/1.1',
    REQUEST_METHOD: request.method,
    PATH_INFO: decodeURIComponent(pathname),
    QUERY_STRING: search.slice(1),
    CONTENT_TYPE: headers['content-type'] ?? '',
    ...(headers['content-length'] === undefined ? {} : { CONTENT_LENGTH: headers['content-length'] }),
    ...(headers['content-encoding'] === undefined ? {} : { HTTP_CONTENT_ENCODING: headers['content-encoding'] }),
    ...(headers['git-protocol'] === undefined ? {} : { GIT_PROTOCOL: String(headers['git-protocol']) }),
    REMOTE_ADDR: request.socket.remoteAddress,
    ...(remoteUser === '' ? {} : { REMOTE_USER: remoteUser }),
    ...options.env,
  };
}

/** Passes on what the program prints: CGI headers, an empty line, the body. */
function sendCgiAnswer(child: ChildProcess, response: ServerResponse): void {
  const { stdout } = child;
  if (stdout === null) return;
  let head = Buffer.alloc(0);
  const onData = (chunk: Buffer): void => {
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf('\r\n\r\n');
    if (end < 0) return;
    stdout.off('data', onData);
    stdout.pause();
    const lines = head.toString('latin1', 0, end).split('\r\n');
    let status = 200;
    for (const line of lines) {
      const colon = line.indexOf(':');
      const [name, value] = [line.slice(0, colon), line.slice(colon + 1).trim()];
      if (name.toLowerCase() === 'status') status = Number.parseInt(value, 10);
      else response.appendHeader(name, value);
    }
    response.writeHead(status);
    response.write(head.subarray(end + 4));
    stdout.pipe(response);
  };
  stdout.on('data', onData);
  stdout.on('end', () => {
    if (!response.headersSent) response.writeHead(500).end();
  });
}

async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}
