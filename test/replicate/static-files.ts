import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, normalize } from 'node:path';
import { pipeline } from 'node:stream/promises';

/** A plain file server, which knows nothing of Git. */
export interface StaticFiles {
  /** Without a slash at the end. */
  readonly url: string;
  /** Paths that were asked for, in order. */
  readonly requests: readonly string[];
  close(): Promise<void>;
}

/** Serves the files below `root` on a loopback port. */
export async function startStaticFiles(root: string): Promise<StaticFiles> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://files');
    requests.push(pathname);
    const path = join(root, normalize(decodeURIComponent(pathname)));
    const send = async (): Promise<void> => {
      const found = await stat(path).catch(() => undefined);
      if (found?.isFile() !== true) {
        response.writeHead(404).end('Not found\n');
        return;
      }
      response.writeHead(200, { 'Content-Type': 'application/octet-stream', 'Content-Length': String(found.size) });
      await pipeline(createReadStream(path), response);
    };
    send().catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${String(port)}`,
    requests,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
