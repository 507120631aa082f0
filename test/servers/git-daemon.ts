import { startServerProcess } from './server-process.ts';

/** A running `git daemon`. */
export interface GitDaemonServer {
  /** `git://127.0.0.1:<port>`, without a slash at the end: append the path below the root. */
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/** Serves every repository below `root`, on a free port of 127.0.0.1; pushes only with `receivePack`. */
export async function startGitDaemon(options: {
  readonly root: string;
  readonly receivePack?: boolean;
}): Promise<GitDaemonServer> {
  const server = await startServerProcess('git', (port) => [
    'daemon',
    `--base-path=${options.root}`,
    '--export-all',
    '--reuseaddr',
    '--informative-errors',
    ...(options.receivePack === true ? ['--enable=receive-pack'] : []),
    '--listen=127.0.0.1',
    `--port=${String(port)}`,
    options.root,
  ]);
  return { url: `git://127.0.0.1:${String(server.port)}`, port: server.port, close: () => server.stop() };
}
