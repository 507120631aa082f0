import { mkdir } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { openService } from '../../../src/client/open-service.ts';
import { commandCapabilities } from '../../../src/client/command-capabilities.ts';
import { ServiceTally } from '../../../src/client/service-tally.ts';
import { NodeServer, type ServingOptions } from '../../../src/node/node-server.ts';
import { RepositoryRoot } from '../../../src/server/repository-root.ts';
import { MirrorAnswerDecoder } from '../../../src/wire/mirrors/mirror-answer.ts';
import type { MirrorAnswer, MirrorQuery } from '../../../src/wire/mirrors/mirror-list.ts';
import { encodeMirrorQuery } from '../../../src/wire/mirrors/mirror-query.ts';

/** A folder of repositories, and the real server in front of it. */
export interface ServedFolder {
  readonly root: string;
  /** With a slash at the end. */
  readonly url: string;
  /** The same for git://. */
  readonly gitUrl: string;
  /** What the server wrote into its log, warnings and worse. */
  readonly warnings: readonly string[];
  close(): Promise<void>;
}

/** Serves `root`, all of it, as `git mirror serve --export-all` does. */
export async function serveFolder(root: string, options: ServingOptions = {}): Promise<ServedFolder> {
  await mkdir(root, { recursive: true });
  const warnings: string[] = [];
  const server = await NodeServer.start(
    {
      backend: 'native',
      workers: 1,
      cacheBytes: 0,
      listen: { port: 0 },
      gitListen: { port: 0 },
      ...options,
    },
    new RepositoryRoot(root, { exportAll: true }),
    {
      log: (level, _event, message) => {
        if (level === 'warn' || level === 'error') warnings.push(message);
      },
    },
  );
  return { root, url: server.url, gitUrl: server.gitUrl ?? '', warnings, close: () => server.close(0) };
}

/** Asks with the command `mirrors` of protocol v2. */
export async function askMirrors(url: string, query: MirrorQuery = {}): Promise<MirrorAnswer> {
  const userAgent = 'test/1';
  const service = await openService(
    { endpoint: { url }, userAgent, tally: new ServiceTally('test'), env: process.env },
    'git-upload-pack',
    'source',
    2,
  );
  try {
    const capabilities = commandCapabilities(service.advertisement, userAgent);
    const reader = await service.exchange(encodeMirrorQuery(query, capabilities), { isLast: true });
    const decoder = new MirrorAnswerDecoder();
    while (!decoder.push(await reader.read('asking'))) continue;
    return decoder.result();
  } finally {
    await service.connection.close();
  }
}

/** The JSON twin, as text and status. */
export async function getJson(url: string): Promise<{ readonly status: number; readonly body: unknown }> {
  const response = await fetch(url, { redirect: 'manual' });
  const text = await response.text();
  const isJson = (response.headers.get('content-type') ?? '').startsWith('application/json');
  return { status: response.status, body: isJson ? JSON.parse(text) : text };
}

/** Sends a notice as JSON. */
export async function postNotice(
  repositoryUrl: string,
  notice: unknown,
): Promise<{ readonly status: number; readonly body: unknown }> {
  const response = await fetch(`${repositoryUrl}/info/mirrors`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(notice),
  });
  const text = await response.text();
  return { status: response.status, body: text.startsWith('{') ? JSON.parse(text) : text };
}

/** A web server of the test; `hits` are the paths it was asked for. */
export async function serveHttp(
  listener: RequestListener,
): Promise<{ readonly url: string; readonly hits: string[]; close(): Promise<void> }> {
  const hits: string[] = [];
  const server = createServer((request, response) => {
    hits.push(request.url ?? '');
    listener(request, response);
  });
  const port = await listen(server);
  return {
    url: `http://127.0.0.1:${String(port)}/x.git`,
    hits,
    close: () => {
      server.closeAllConnections();
      return stop(server);
    },
  };
}

/** A TCP server that takes connections and does with them what `onSocket` does. */
export async function serveTcp(
  onSocket: (socket: Socket) => void,
): Promise<{ readonly port: number; close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    onSocket(socket);
  });
  return {
    port: await listen(server),
    close: () => {
      for (const socket of sockets) socket.destroy();
      return stop(server);
    },
  };
}

/** Where a repository of `folder` lies on this machine. */
export function pathIn({ root }: ServedFolder, name: string): string {
  return join(root, name);
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => {
      resolve();
    });
  });
}
