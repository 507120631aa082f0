import type { IncomingMessage, ServerResponse } from 'node:http';
import { GitMirrorError } from '../core/error.ts';
import { defaultBackend, parseBackendChoice, type BackendChoice } from './backend-choice.ts';
import type { GitBackend } from './git-backend.ts';
import type { BackendWarning } from './git-http-backend.ts';
import { createGitHandler as createHandler, type RequestHandler } from './git-handler.ts';
import { defaultHandlerLimits, type HandlerLimits } from './handler-limits.ts';
import { baseUrlOf, openMirrorService, type MirrorOptions } from './mirrors/open-mirror-service.ts';
import { openBackend, type OpenBackendOptions } from './open-backend.ts';
import type { RepositoryLookup } from './repository-lookup.ts';
import { RepositoryRoot } from './repository-root.ts';
import type { RequestRecord, RequestWatcher } from './request-record.ts';
import { createOwnershipCheck } from './safe-directory.ts';
import { RequestTracing } from './tracing.ts';

/** Options of {@link createGitHandler}. One of `root` and `repositories` says what is served. */
export interface GitHandlerOptions extends Omit<OpenBackendOptions, 'backend' | 'allowPush' | 'onWarning'> {
  /** Folder whose repositories are served, each under its path. */
  readonly root?: string | undefined;
  /** Or: says which directory stands behind a name. */
  readonly repositories?: RepositoryLookup | undefined;
  /** With `root`: serve repositories without `git-daemon-export-ok`, too. Default false. */
  readonly exportAll?: boolean | undefined;
  /** `native`, `git`, `canary:<percent>`, or one of your own. */
  readonly backend?: BackendChoice | GitBackend | undefined;
  /** Bounds; what is not given keeps its default. */
  readonly limits?: Partial<HandlerLimits> | undefined;
  /** What is in front of the names in URLs, such as `/git`, when the server does not take it away itself. */
  readonly basePath?: string | undefined;
  /** Base of the clone URLs on the index page, with a slash at the end. Default: the `Host` header. */
  readonly baseUrl?: string | undefined;
  /** What is said of mirrors, of repositories with `mirror.advertise`. Its `publicUrl` wins over `baseUrl`. */
  readonly mirrors?: MirrorOptions | undefined;
  /** Told of each request when it is over. */
  readonly onRequest?: ((record: RequestRecord) => void) | undefined;
  /** Told what git's programs and threads complain about. */
  readonly onWarning?: ((warning: BackendWarning) => void) | undefined;
  /** Watch requests, as `ServerMetrics` does. */
  readonly watchers?: readonly RequestWatcher[] | undefined;
}

/** A handler for `node:http`, Express (`app.use`) and Fastify (`request.raw`, `reply.raw`). */
export interface GitHandler {
  /** Answers one request; never throws, and always ends the response. */
  (request: IncomingMessage, response: ServerResponse): void;
  /** Resolves when the backend is open; rejects when it cannot be. Requests before that wait. */
  readonly ready: Promise<void>;
  /** Ends the backend with all that it runs. Close the server first. */
  close(): Promise<void>;
}

/**
 * Serves Git repositories for reading over HTTP. Spans go to whatever OpenTelemetry SDK the process has registered.
 *
 *     const handler = createGitHandler({ root: '/srv/git', exportAll: true });
 *     createServer(handler).listen(8418);
 *
 * @throws GitMirrorError `GM_USAGE` for options that contradict each other or make no sense.
 */
export function createGitHandler(options: GitHandlerOptions): GitHandler {
  const { backend, watchers = [] } = options;
  const repositories = lookupOf(options);
  const basePath = basePathOf(options.basePath);
  assertLimits(options.limits ?? {});
  const opened =
    typeof backend === 'object'
      ? Promise.resolve({ backend, close: async () => undefined })
      : openBackend({ ...options, backend: parseBackendChoice(backend ?? defaultBackend), allowPush: false });
  const ready = opened.then(() => undefined);
  // Whoever does not look at it sees the error in the answers.
  ready.catch(() => undefined);
  const mirrors = openMirrorService({
    ...options.mirrors,
    lookup: repositories,
    env: options.env,
    namespace: options.namespace,
    onWarning: (text) => options.onWarning?.({ directory: '', path: 'mirrors', text }),
  });
  const publicUrl = options.mirrors?.publicUrl;
  const answer = createHandler({
    repositories,
    mirrors,
    backend: { handle: async (request) => (await opened).backend.handle(request) },
    limits: options.limits,
    baseUrl: publicUrl === undefined ? options.baseUrl : baseUrlOf(publicUrl),
    onRequest: options.onRequest,
    watchers: [new RequestTracing(), ...watchers],
  });
  return Object.assign(basePath === '' ? answer : below(basePath, answer), {
    ready,
    close: async () => {
      await mirrors.close();
      await (await opened).close();
    },
  });
}

function lookupOf({ root, repositories, exportAll, env }: GitHandlerOptions): RepositoryLookup {
  if (root !== undefined && repositories === undefined) {
    return new RepositoryRoot(root, { exportAll, ownership: createOwnershipCheck({ env }) });
  }
  if (repositories !== undefined && root === undefined) return repositories;
  throw new GitMirrorError('GM_USAGE', 'A Git handler needs either a root or repositories', {
    details: { field: root === undefined ? 'root' : 'repositories' },
  });
}

function assertLimits(limits: Partial<HandlerLimits>): void {
  for (const [name, value] of Object.entries(limits)) {
    if (!Object.hasOwn(defaultHandlerLimits, name) || !Number.isSafeInteger(value) || value < 1) {
      throw new GitMirrorError('GM_USAGE', `limits.${name} is no limit: give a whole number above 0`, {
        details: { field: `limits.${name}` },
      });
    }
  }
}

function basePathOf(text: string | undefined): string {
  const path = (text ?? '').replace(/\/+$/, '');
  if (path !== '' && !path.startsWith('/')) {
    throw new GitMirrorError('GM_USAGE', `basePath must begin with a slash: ${path}`, {
      details: { field: 'basePath' },
    });
  }
  return path;
}

/** Requests for what is not below `basePath` are answered as if nothing were there. */
function below(basePath: string, answer: RequestHandler): RequestHandler {
  return (request, response) => {
    const { url = '' } = request;
    const rest = url.startsWith(basePath) ? url.slice(basePath.length) : undefined;
    const isBelow = rest !== undefined && (rest === '' || /^[/?]/.test(rest));
    request.url = isBelow ? (rest.startsWith('/') ? rest : `/${rest}`) : '/.not-below-the-base-path';
    answer(request, response);
  };
}
