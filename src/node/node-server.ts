import { createServer, type Server } from 'node:http';
import { createGitHandler } from '../server/git-handler.ts';
import type { HandlerLimits } from '../server/handler-limits.ts';
import { openBackend, type OpenBackendOptions, type OpenedBackend } from '../server/open-backend.ts';
import type { RepositoryLookup } from '../server/repository-lookup.ts';
import type { RequestRecord } from '../server/request-record.ts';
import { listenOn } from './listen.ts';
import type { Logger } from './logger.ts';
import type { ListenAddress } from './listen.ts';

/** What a server serves with, and where. */
export interface ServingOptions extends Omit<OpenBackendOptions, 'onWarning'> {
  readonly listen?: ListenAddress | undefined;
  /** When the port is taken: take the next free one (`true`, the default), or fail with `GM_SYSTEM`. */
  readonly nextFreePort?: boolean | undefined;
  readonly limits?: Partial<HandlerLimits> | undefined;
  /** Serve git:// here, too. */
  readonly gitListen?: ListenAddress | undefined;
  /** Serve `GET /metrics` here. */
  readonly metricsListen?: ListenAddress | undefined;
}

/** Connections at one time; what is above it waits in the system's queue. */
const maxConnections = 1024;
/** After breaking connections off, what stood behind them gets this long to end. */
const endGraceMs = 2000;

/** The HTTP side of a node. */
export class NodeServer {
  /** Base URL, with a slash at the end. */
  readonly url: string;
  readonly #server: Server;
  readonly #backend: OpenedBackend;

  private constructor(server: Server, backend: OpenedBackend, url: string) {
    this.#server = server;
    this.#backend = backend;
    this.url = url;
  }

  /** Serves `repositories`. Throws `GM_SYSTEM` when git is needed and missing, or the port cannot be had. */
  static async start(options: ServingOptions, repositories: RepositoryLookup, logger: Logger): Promise<NodeServer> {
    const opened = await openBackend({
      ...options,
      onWarning: ({ directory, path, text }) => {
        logger.log('warn', 'backend', `${path} of ${directory}: ${text}`, { directory, path });
      },
    });
    const handler = createGitHandler({
      repositories,
      backend: opened.backend,
      pushBackend: opened.pushBackend,
      limits: options.limits,
      onRequest: (record) => {
        logRequest(logger, record);
      },
    });
    const server = createServer(handler);
    server.maxConnections = maxConnections;
    try {
      const url = await listenOn(server, options.listen ?? {}, options.nextFreePort ?? true);
      return new NodeServer(server, opened, url);
    } catch (error) {
      await opened.close();
      throw error;
    }
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
    await this.#backend.close();
  }
}

function logRequest(logger: Logger, record: RequestRecord): void {
  const { method, repository, path, status, responseBytes, durationMs, error, backend, facts } = record;
  const what = repository === undefined ? 'request' : repository === '' ? (path ?? '') : `${repository}/${path ?? ''}`;
  const isFailure = status >= 500 && status !== 503;
  const details = [facts.command, backend].filter((text) => text !== undefined).join(', ');
  const message =
    `${method} ${what}: ${status}, ${responseBytes} bytes, ${(durationMs / 1000).toFixed(2)} s` +
    (details === '' ? '' : ` (${details})`);
  logger.log(isFailure ? 'warn' : 'debug', 'request', error === undefined ? message : `${message}: ${error}`, {
    ...record,
  });
}
