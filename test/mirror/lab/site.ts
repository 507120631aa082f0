import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createGitHandler, type GitHandlerOptions } from '../../../src/server/create-handler.ts';
import type { GitBackend } from '../../../src/server/git-backend.ts';
import type { Repository } from '../../repositories/repository.ts';
import { startGitDaemon } from '../../servers/git-daemon.ts';
import { startHttpBackend, type HttpMiddleware, type RecordedRequest } from '../../servers/http-backend.ts';
import { openShapedLink, type LinkShape, type ShapedLink } from './shaped-link.ts';

/** Who serves: our own handler in this process, `git http-backend`, or `git daemon`. */
export type SiteServer = 'native' | 'http-backend' | 'git-daemon';

/** How a repository is served. */
export interface SiteOptions {
  /** Default `native`. */
  readonly server?: SiteServer | undefined;
  /** Loopback address of its URL. Default 127.0.0.1; `127.0.0.2` is another host. */
  readonly address?: string | undefined;
  /** What the link in front of it does. */
  readonly shape?: LinkShape | undefined;
  /** Sees HTTP requests first, and may answer them: what a hostile server does. */
  readonly middleware?: HttpMiddleware | undefined;
  /** Who may ask, over HTTP (RFC 7617); everybody else is told 401. */
  readonly login?: { readonly username: string; readonly password: string } | undefined;
  /** More options of our own handler, which then has a backend of its own. */
  readonly handler?: Partial<GitHandlerOptions> | undefined;
}

/** A repository, the server in front of it, and the link in front of the server. */
export interface Site {
  readonly name: string;
  /** What clients are told: over the link. `http://127.0.0.1:<port>/project.git` or `git://…`. */
  readonly url: string;
  /** The same without the link. */
  readonly directUrl: string;
  readonly repository: Repository;
  readonly link: ShapedLink;
  /** HTTP requests since the last {@link forget}, in order: path, headers, status. Empty for `git-daemon`. */
  readonly requests: readonly RecordedRequest[];
  /** Empties `requests` and what the link has counted. */
  forget(): void;
  close(): Promise<void>;
}

/** The name of the repository on every site. */
export const projectName = 'project.git';

interface StartedServer {
  readonly port: number;
  readonly requests: RecordedRequest[];
  close(): Promise<void>;
}

/** Serves the folder `root`, in which `repository` is `project.git`. `backend` is used where no other is asked for. */
export async function openSite(
  name: string,
  root: string,
  repository: Repository,
  backend: () => Promise<GitBackend>,
  options: SiteOptions,
): Promise<Site> {
  const { server: kind = 'native' } = options;
  const server = await startServer(kind, root, backend, options);
  const link = await openShapedLink({ targetPort: server.port, address: options.address, shape: options.shape });
  const scheme = kind === 'git-daemon' ? 'git' : 'http';
  const { requests } = server;
  return {
    name,
    url: `${scheme}://${link.address}:${String(link.port)}/${projectName}`,
    directUrl: `${scheme}://127.0.0.1:${String(server.port)}/${projectName}`,
    repository,
    link,
    requests,
    forget() {
      requests.length = 0;
      link.forget();
    },
    async close() {
      await link.close();
      await server.close();
    },
  };
}

async function startServer(
  kind: SiteServer,
  root: string,
  backend: () => Promise<GitBackend>,
  options: SiteOptions,
): Promise<StartedServer> {
  if (kind === 'git-daemon') return { ...(await startGitDaemon({ root, receivePack: true })), requests: [] };
  const middleware: HttpMiddleware = async (request, response) =>
    (options.login !== undefined && !checkLogin(options.login, request, response)) ||
    (await options.middleware?.(request, response)) === true;
  if (kind === 'http-backend') return startHttpBackend({ root, middleware });
  return startNative(root, backend, middleware, options.handler);
}

function checkLogin(
  { username, password }: { readonly username: string; readonly password: string },
  request: IncomingMessage,
  response: ServerResponse,
): boolean {
  const expected = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  if (request.headers.authorization === expected) return true;
  request.resume();
  response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="lab"', 'Content-Type': 'text/plain' });
  response.end('Log in.\n');
  return false;
}

async function startNative(
  root: string,
  backend: () => Promise<GitBackend>,
  middleware: HttpMiddleware,
  more: Partial<GitHandlerOptions> | undefined,
): Promise<StartedServer> {
  const handler = createGitHandler({
    root,
    exportAll: true,
    ...(more === undefined ? { backend: await backend() } : { backend: 'native', ...more }),
  });
  const requests: RecordedRequest[] = [];
  const numbers = new WeakMap<object, number>();
  let connections = 0;
  const server = createServer((request, response) => {
    const recorded: RecordedRequest = {
      method: request.method ?? '',
      url: request.url ?? '',
      headers: request.headers,
      bodyBytes: 0,
      status: 0,
      connection: numbers.get(request.socket) ?? -1,
    };
    requests.push(recorded);
    response.on('close', () => {
      recorded.status = response.statusCode;
      recorded.bodyBytes = Number(request.headers['content-length'] ?? 0);
    });
    void Promise.resolve(middleware(request, response)).then((isAnswered) => {
      if (!isAnswered) handler(request, response);
    });
  });
  server.on('connection', (socket) => {
    numbers.set(socket, connections++);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    requests,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
      // The shared backend is not this site's to close.
      if (more !== undefined) await handler.close();
    },
  };
}
