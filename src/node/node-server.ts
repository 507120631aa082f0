import { createServer, type Server } from 'node:http';
import { createGitHandler } from '../server/git-handler.ts';
import { createGitHttpBackend } from '../server/git-http-backend.ts';
import type { RequestRecord } from '../server/request-record.ts';
import type { RepositoryTable } from '../server/repository-table.ts';
import { listenOn } from './listen.ts';
import type { Logger } from './logger.ts';
import type { NodeOptions } from './node-options.ts';

/** Connections at one time; what is above it waits in the system's queue. */
const maxConnections = 1024;
/** After breaking connections off, what stood behind them gets this long to end. */
const endGraceMs = 2000;

/** The HTTP side of a node. */
export class NodeServer {
  /** Base URL, with a slash at the end. */
  readonly url: string;
  readonly #server: Server;

  private constructor(server: Server, url: string) {
    this.#server = server;
    this.url = url;
  }

  /** Serves the repositories of `table`. Throws `GM_SYSTEM` when git is missing or the port cannot be had. */
  static async start(
    options: Pick<NodeOptions, 'env' | 'listen' | 'nextFreePort'>,
    table: RepositoryTable,
    logger: Logger,
  ): Promise<NodeServer> {
    const backend = await createGitHttpBackend({
      env: options.env,
      onWarning: ({ directory, path, text }) => {
        logger.log('warn', 'backend', `${path} of ${directory}: ${text}`, { directory, path });
      },
    });
    const handler = createGitHandler({
      repositories: table,
      backend,
      onRequest: (record) => {
        logRequest(logger, record);
      },
    });
    const server = createServer(handler);
    server.maxConnections = maxConnections;
    const url = await listenOn(server, options.listen ?? {}, options.nextFreePort ?? true);
    return new NodeServer(server, url);
  }

  /** Stops accepting, lets running requests finish for `graceMs`, then breaks them off. */
  async close(graceMs: number): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => {
        resolve();
      });
    });
    this.#server.closeIdleConnections();
    const timers = [
      setTimeout(() => {
        this.#server.closeAllConnections();
      }, graceMs),
    ];
    const tooLate = new Promise<void>((resolve) => {
      timers.push(setTimeout(resolve, graceMs + endGraceMs));
    });
    await Promise.race([closed, tooLate]);
    for (const timer of timers) clearTimeout(timer);
  }
}

function logRequest(logger: Logger, record: RequestRecord): void {
  const { method, repository, path, status, responseBytes, durationMs, error } = record;
  const what = repository === undefined ? 'request' : `${repository}/${path ?? ''}`;
  const isFailure = status >= 500 && status !== 503;
  const message = `${method} ${what}: ${status}, ${responseBytes} bytes, ${(durationMs / 1000).toFixed(2)} s`;
  logger.log(isFailure ? 'warn' : 'debug', 'request', error === undefined ? message : `${message} (${error})`, {
    ...record,
  });
}
