import { createServer, type RequestListener } from 'node:http';
import { createGitDaemon } from '../server/git-daemon.ts';
import { createGitHandler } from '../server/git-handler.ts';
import { defaultHandlerLimits, type HandlerLimits } from '../server/handler-limits.ts';
import type { ServerMetrics } from '../server/metrics.ts';
import type { MirrorService } from '../server/mirrors/mirror-service.ts';
import { baseUrlOf, openMirrorService, type MirrorOptions } from '../server/mirrors/open-mirror-service.ts';
import { openBackend, type OpenBackendOptions, type OpenedBackend } from '../server/open-backend.ts';
import type { RepositoryLookup } from '../server/repository-lookup.ts';
import { RequestGate } from '../server/request-gate.ts';
import type { RequestRecord } from '../server/request-record.ts';
import { RequestTracing } from '../server/tracing.ts';
import type { Logger } from './logger.ts';
import type { ListenAddress } from './listen.ts';
import { ServerSockets } from './server-sockets.ts';

/** What a server serves with, and where. */
export interface ServingOptions extends Omit<OpenBackendOptions, 'onWarning'> {
  readonly listen?: ListenAddress | undefined;
  /** When the port is taken: take the next free one (`true`, the default), or fail with `GM_SYSTEM`. */
  readonly nextFreePort?: boolean | undefined;
  readonly limits?: Partial<HandlerLimits> | undefined;
  /** Serve git:// here, too. */
  readonly gitListen?: ListenAddress | undefined;
  /** What is said of mirrors, of repositories with `mirror.advertise`. */
  readonly mirrors?: MirrorOptions | undefined;
  /** Serve `GET /metrics` here. */
  readonly metricsListen?: ListenAddress | undefined;
}

/** After breaking connections off, what stood behind them gets this long to end. */
const endGraceMs = 2000;
const gitPort = 9418;
const metricsPort = 9419;

/** The serving side of a node: HTTP, and git:// and metrics where they are asked for. */
export class NodeServer {
  /** Base URL, with a slash at the end. */
  readonly url: string;
  /** The same for git://; undefined when it is not served. */
  readonly gitUrl: string | undefined;
  /** Where the metrics are; undefined when they are not served. */
  readonly metricsUrl: string | undefined;
  readonly #sockets: ServerSockets;
  readonly #backend: OpenedBackend;
  readonly #mirrors: MirrorService;

  private constructor(
    sockets: ServerSockets,
    backend: OpenedBackend,
    mirrors: MirrorService,
    urls: readonly (string | undefined)[],
  ) {
    this.#sockets = sockets;
    this.#backend = backend;
    this.#mirrors = mirrors;
    [this.url = '', this.gitUrl, this.metricsUrl] = urls;
  }

  /** Serves `repositories`. Throws `GM_SYSTEM` when git is needed and missing, or a port cannot be had. */
  static async start(options: ServingOptions, repositories: RepositoryLookup, logger: Logger): Promise<NodeServer> {
    const metrics = options.metricsListen === undefined ? undefined : await openMetrics();
    const mirrors = openMirrorService({
      ...options.mirrors,
      lookup: repositories,
      env: options.env,
      namespace: options.namespace,
      onWarning: (text) => {
        logger.log('warn', 'mirrors', text);
      },
      onSteering: metrics?.watcher.steered,
    });
    const opened = await openBackend({
      ...options,
      onWarning: ({ directory, path, text }) => {
        logger.log('warn', 'backend', `${path} of ${directory}: ${text}`, { directory, path });
      },
    });
    const sockets = new ServerSockets();
    try {
      const { maxConcurrentRequests, maxRequestsPerClient } = { ...defaultHandlerLimits, ...options.limits };
      const shared = {
        repositories,
        mirrors,
        limits: options.limits,
        gate: new RequestGate(maxConcurrentRequests, maxRequestsPerClient),
        watchers: [new RequestTracing(), ...(metrics === undefined ? [] : [metrics.watcher])],
        onRequest: (record: RequestRecord) => {
          logRequest(logger, record);
        },
      };
      const publicUrl = options.mirrors?.publicUrl;
      const handler = createGitHandler({
        ...shared,
        backend: opened.backend,
        pushBackend: opened.pushBackend,
        baseUrl: publicUrl === undefined ? undefined : baseUrlOf(publicUrl),
      });
      const isAnyPort = options.nextFreePort ?? true;
      const url = await sockets.listen(createServer(handler), 'http', options.listen ?? {}, isAnyPort);
      const { gitListen, metricsListen } = options;
      const gitUrl =
        gitListen &&
        (await sockets.listen(
          createGitDaemon({ ...shared, upload: opened.upload, namespace: options.namespace }),
          'git',
          { port: gitPort, ...gitListen },
          false,
        ));
      const metricsUrl =
        metricsListen &&
        metrics &&
        (await sockets.listen(createServer(metrics.handler), 'http', { port: metricsPort, ...metricsListen }, false));
      return new NodeServer(sockets, opened, mirrors, [url, gitUrl, metricsUrl && `${metricsUrl}metrics`]);
    } catch (error) {
      await sockets.close(0, endGraceMs);
      await opened.close();
      throw error;
    }
  }

  /** Says where else than at {@link url} there is something to be had. */
  announceMore(logger: Logger): void {
    const more = [
      ['git', this.gitUrl],
      ['metrics', this.metricsUrl],
    ] as const;
    for (const [event, url] of more) {
      if (url !== undefined) logger.log('info', `listening-${event}`, `Also at ${url}`, { url });
    }
  }

  /** Stops accepting, lets running requests finish for `graceMs`, then breaks them off. */
  async close(graceMs: number): Promise<void> {
    await this.#sockets.close(graceMs, endGraceMs);
    await this.#mirrors.close();
    await this.#backend.close();
  }
}

/** Loaded where they are asked for: most nodes are not watched by Prometheus. */
async function openMetrics(): Promise<{ readonly watcher: ServerMetrics; readonly handler: RequestListener }> {
  const [{ ServerMetrics: Metrics }, { createMetricsHandler }] = await Promise.all([
    import('../server/metrics.ts'),
    import('../server/metrics-handler.ts'),
  ]);
  const watcher = new Metrics();
  return { watcher, handler: createMetricsHandler(watcher.registry) };
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
