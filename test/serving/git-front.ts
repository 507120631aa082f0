import { createServer } from 'node:http';
import { connect } from 'node:net';
import { createGitHandler, type GitHandlerOptions } from '../../src/server/git-handler.ts';

/** A handler that listens on a port of its own. */
export interface GitFront {
  readonly port: number;
  /** With a slash at the end. */
  readonly url: string;
  close(): Promise<void>;
}

/** Serves `options` on a free port of 127.0.0.1. */
export async function startGitFront(options: GitHandlerOptions): Promise<GitFront> {
  const server = createServer(createGitHandler(options));
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    port: address.port,
    url: `http://127.0.0.1:${address.port}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

/** Sends `text` as it stands over TCP and returns all that comes back until the server closes, or `ms` have passed. */
export function sendRaw(port: number, text: string | Uint8Array, ms = 3000): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port }, () => {
      socket.write(text);
    });
    let answer = '';
    const timer = setTimeout(() => {
      socket.destroy();
    }, ms);
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1');
    });
    socket.on('error', reject);
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(answer);
    });
  });
}

/** Status of the answer to a request for `target`, sent exactly as written. */
export async function rawStatus(port: number, target: string, method = 'GET'): Promise<number> {
  const answer = await sendRaw(port, `${method} ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  return Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1]);
}
