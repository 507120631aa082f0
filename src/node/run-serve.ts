import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { GitMirrorError } from '../core/error.ts';
import { RepositoryRoot } from '../server/repository-root.ts';
import { createOwnershipCheck } from '../server/safe-directory.ts';
import { createLineLogger, onlyProblems } from './logger.ts';
import { NodeServer, type ServingOptions } from './node-server.ts';

/** What `git mirror serve` runs. */
export interface ServeOptions extends ServingOptions {
  /** Folder whose repositories are served. */
  readonly root: string;
  /** Serve repositories without `git-daemon-export-ok`, too. Default false. */
  readonly exportAll?: boolean | undefined;
  /** Requests that are running when the server is told to stop get this long to finish. Default 30 s. */
  readonly drainMs?: number | undefined;
  /** JSON lines instead of lines for people. */
  readonly json?: boolean | undefined;
  /** Show requests, too. */
  readonly verbose?: boolean | undefined;
  /** Warnings and errors only. */
  readonly quiet?: boolean | undefined;
  /** Takes each log line, its line end included: standard output in the command. */
  readonly write: (line: string) => void;
  /** Asks the server to stop. */
  readonly signal: AbortSignal;
}

const defaultDrainMs = 30_000;

/**
 * Serves a folder of repositories until `signal` asks it to stop, and resolves to the exit status 0. Throws `GM_USAGE` when
 * there is no such folder, and what starting a server throws.
 */
export async function runServe(options: ServeOptions): Promise<number> {
  const { json, verbose, quiet, write, signal, exportAll } = options;
  const lines = createLineLogger({ write, format: json === true ? 'json' : 'human', verbose });
  const logger = quiet === true ? onlyProblems(lines) : lines;
  const root = resolve(options.root);
  if ((await stat(root).catch(() => undefined))?.isDirectory() !== true) {
    throw new GitMirrorError('GM_USAGE', `Serving ${options.root}: there is no such folder`, {
      details: { field: 'root' },
    });
  }
  const repositories = new RepositoryRoot(root, { exportAll, ownership: createOwnershipCheck({ env: options.env }) });
  const server = await NodeServer.start(options, repositories, logger);
  logger.log('info', 'listening', `Serving ${root} at ${server.url}`, { url: server.url, root });
  server.announceMore(logger);
  if (exportAll !== true) {
    const found = await repositories.list();
    if (found.length === 0) {
      logger.log(
        'warn',
        'nothing-exported',
        'No repository here is exported: make a file git-daemon-export-ok in each one, or use --export-all.',
      );
    }
  }
  await new Promise<void>((stopped) => {
    if (signal.aborted) stopped();
    else
      signal.addEventListener(
        'abort',
        () => {
          stopped();
        },
        { once: true },
      );
  });
  await server.close(options.drainMs ?? defaultDrainMs);
  logger.log('info', 'stopped', 'Stopped.');
  return 0;
}
