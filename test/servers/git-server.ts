import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { existsSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { createGitHandler, type GitHandlerOptions } from '../../src/server/git-handler.ts';
import type { RepositoryLookup } from '../../src/server/repository-lookup.ts';
import { openTestBackend, type BackendName } from './backends.ts';

/** What a client asked and what it got. */
export interface RecordedExchange {
  readonly method: string;
  readonly target: string;
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

/** Options of {@link startServer}. */
export interface GitServerOptions {
  readonly backend: BackendName;
  /** Every repository below it is served, under its path. */
  readonly root: string;
  /** Version of git behind the git backend. Default: the one in PATH. */
  readonly gitProgram?: string | undefined;
  /** Namespace in which the repositories are shown (gitnamespaces(7)). */
  readonly namespace?: string | undefined;
  readonly limits?: GitHandlerOptions['limits'];
  /** Is given each exchange once it is over, with all bytes that were sent. Not for large answers. */
  readonly onExchange?: ((exchange: RecordedExchange) => void) | undefined;
}

/** A server with one of the backends behind the project's own HTTP front, on a free port of 127.0.0.1. */
export interface GitServer extends AsyncDisposable {
  readonly port: number;
  /** With a slash at the end. */
  readonly url: string;
  /** Messages of requests that failed inside. */
  readonly failures: readonly string[];
  /** Exchanges that are not over. */
  open(): number;
  close(): Promise<void>;
}

/** Starts it. Both backends get exactly the same front. */
export async function startServer(options: GitServerOptions): Promise<GitServer> {
  const opened = await openTestBackend(options.backend, {
    gitProgram: options.gitProgram,
    namespace: options.namespace,
  });
  const failures: string[] = [];
  const handler = createGitHandler({
    repositories: folderLookup(options.root),
    backend: opened.backend,
    limits: options.limits,
    onRequest: ({ error }) => {
      if (error !== undefined) failures.push(error);
    },
  });
  const { onExchange } = options;
  let open = 0;
  const server = createServer((request, response) => {
    open += 1;
    response.on('close', () => {
      // After whatever else listens, so that a recorded exchange has been handed over by then.
      setImmediate(() => {
        open -= 1;
      });
    });
    if (onExchange !== undefined) record(request, response, onExchange);
    handler(request, response);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const close = async (): Promise<void> => {
    await new Promise<void>((resolve) => {
      server.close(() => {
        resolve();
      });
      server.closeAllConnections();
    });
    await opened.close();
  };
  const url = `http://127.0.0.1:${address.port}/`;
  return { port: address.port, url, failures, open: () => open, close, [Symbol.asyncDispose]: close };
}

/** Finds every repository below `root` by its path; the names are the tests' own. */
function folderLookup(root: string): RepositoryLookup {
  return {
    async find(name) {
      const directory = join(root, name);
      if (!existsSync(join(directory, 'HEAD'))) return { kind: 'unknown' };
      return { kind: 'found', name, directory: await realpath(directory) };
    },
    list: () => [],
  };
}

function record(
  request: IncomingMessage,
  response: ServerResponse,
  onExchange: (exchange: RecordedExchange) => void,
): void {
  const chunks: Buffer[] = [];
  const keep = (chunk: unknown): void => {
    if (typeof chunk === 'string' || chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk));
  };
  const write = response.write.bind(response) as (...args: readonly unknown[]) => boolean;
  const end = response.end.bind(response) as (...args: readonly unknown[]) => ServerResponse;
  const headers = new Map<string, string>();
  const writeHead = response.writeHead.bind(response) as (...args: readonly unknown[]) => ServerResponse;
  Object.assign(response, {
    // What is given to writeHead alone cannot be read back from the response.
    writeHead: (...args: readonly unknown[]) => {
      const given = args.at(-1);
      const pairs: readonly (readonly unknown[])[] = Array.isArray(given)
        ? Array.isArray(given[0])
          ? given
          : given.flatMap((_, at: number) => (at % 2 === 0 ? [given.slice(at, at + 2)] : []))
        : Object.entries(typeof given === 'object' && given !== null ? given : {});
      for (const [name, value] of pairs) headers.set(String(name).toLowerCase(), String(value));
      return writeHead(...args);
    },
    write: (...args: readonly unknown[]) => {
      keep(args[0]);
      return write(...args);
    },
    end: (...args: readonly unknown[]) => {
      keep(args[0]);
      return end(...args);
    },
  });
  response.on('close', () => {
    for (const [name, value] of Object.entries(response.getHeaders())) headers.set(name, String(value));
    const { method = '', url: target = '' } = request;
    onExchange({ method, target, status: response.statusCode, headers, body: Buffer.concat(chunks) });
  });
}
