import { execFile } from 'node:child_process';
import { createServer, request as httpRequest, type IncomingHttpHeaders, type Server } from 'node:http';
import { promisify } from 'node:util';
import { createGitHandler } from '../../src/server/create-handler.ts';
import { gitEnvironment } from '../git.ts';

const run = promisify(execFile);
const maxOutputBytes = 256 * 1024 * 1024;
const keptHeaders = ['accept', 'accept-encoding', 'content-encoding', 'content-type', 'git-protocol', 'user-agent'];

/** One request as git sent it. */
export interface RecordedRequest {
  readonly method: string;
  /** Path and query, from the root of the server. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/**
 * The requests that `git <words>` sends; `URL` in them stands for the address of the repository `name` below `root`, which
 * git's own server serves meanwhile.
 */
export async function recordRequests(
  root: string,
  name: string,
  words: readonly string[],
): Promise<readonly RecordedRequest[]> {
  const requests: RecordedRequest[] = [];
  const handler = createGitHandler({ root, exportAll: true, backend: 'git' });
  const behind = createServer(handler);
  const port = await listen(behind);
  // A body can be read once, so what is recorded is sent on from here.
  const front = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url: target = '' } = request;
      const recorded = { method, target, headers: keep(request.headers), body: Buffer.concat(chunks) };
      requests.push(recorded);
      const { headers, body } = recorded;
      const onwards = httpRequest({ host: '127.0.0.1', port, method, path: target, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      });
      onwards.on('error', () => response.destroy());
      onwards.end(body);
    });
  });
  try {
    const url = `http://127.0.0.1:${await listen(front)}/${name}`;
    // A body of any size is sent in one piece, so that it can be sent again.
    const settings = ['-c', 'http.postBuffer=100000000', '-c', 'protocol.version=2'];
    await run('git', [...settings, ...words.map((word) => (word === 'URL' ? url : word))], {
      env: gitEnvironment,
      maxBuffer: maxOutputBytes,
    });
  } finally {
    for (const server of [front, behind]) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
    await handler.close();
  }
  return requests;
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

function keep(headers: IncomingHttpHeaders): Readonly<Record<string, string>> {
  const kept: Record<string, string> = {};
  for (const name of keptHeaders) {
    const value = headers[name];
    if (typeof value === 'string') kept[name] = value;
  }
  return kept;
}
