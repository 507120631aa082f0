import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { GitServerOptions } from './git-server.ts';

/** A server in a process of its own. */
export interface ForkedServer extends AsyncDisposable {
  readonly port: number;
  /** With a slash at the end. */
  readonly url: string;
  /** Whether the process is still the one that was started. */
  isAlive(): boolean;
  /** Bytes it has in memory now. NaN where there is no `/proc`. */
  rssBytes(): number;
}

/** Starts a server as `startServer` does, but in another process. */
export async function forkServer(options: Omit<GitServerOptions, 'onExchange'>): Promise<ForkedServer> {
  const child = fork(fileURLToPath(new URL('git-server-child.ts', import.meta.url)), [], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    // Options of the test runner's own process are not meant for this one.
    execArgv: [],
  });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const port = await new Promise<number>((resolve, reject) => {
    child.once('message', (message) => {
      resolve(Number(message));
    });
    child.once('error', reject);
    void exited.then(() => {
      reject(new Error('the server ended before it was ready'));
    });
    child.send(options);
  });
  return {
    port,
    url: `http://127.0.0.1:${port}/`,
    isAlive: () => child.exitCode === null && child.signalCode === null,
    rssBytes() {
      const status = readFileSync(`/proc/${String(child.pid)}/status`, 'utf8');
      return Number(/^VmRSS:\s*(\d+) kB$/m.exec(status)?.[1]) * 1024;
    },
    async [Symbol.asyncDispose]() {
      if (child.connected) child.disconnect();
      await exited;
    },
  };
}
