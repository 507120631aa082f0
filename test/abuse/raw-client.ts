import { request as httpRequest } from 'node:http';
import { connect, type Socket } from 'node:net';

const maxKeptBytes = 64 * 1024;

/** What a request was answered with; status 0 when the connection was cut without an answer. */
export interface RawAnswer {
  readonly status: number;
  /** The beginning of it. */
  readonly text: string;
  readonly bytes: number;
}

/** One pkt-line. */
export function packet(content: string): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([Buffer.from((bytes.length + 4).toString(16).padStart(4, '0')), bytes]);
}

/** A v2 fetch request with these argument lines. */
export function fetchRequest(lines: readonly string[]): Buffer {
  const head = [packet('command=fetch'), packet('object-format=sha1'), Buffer.from('0001')];
  return Buffer.concat([...head, ...lines.map((line) => packet(`${line}\n`)), Buffer.from('0000')]);
}

/** Posts `body` to git-upload-pack of the repository at `url`, and reads the answer to its end, whatever becomes of it. */
export function post(
  url: string,
  body: Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): Promise<RawAnswer> {
  return new Promise((resolve) => {
    let [status, text, bytes] = [0, '', 0];
    const end = (): void => {
      resolve({ status, text, bytes });
    };
    const request = httpRequest(
      `${url}/git-upload-pack`,
      {
        method: 'POST',
        agent: false,
        headers: {
          'content-type': 'application/x-git-upload-pack-request',
          'git-protocol': 'version=2',
          'content-length': String(body.length),
          ...headers,
        },
      },
      (response) => {
        status = response.statusCode ?? 0;
        response.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
          if (text.length < maxKeptBytes) text += chunk.toString('latin1');
        });
        response.on('end', end);
        response.on('error', end);
        response.on('close', end);
      },
    );
    // The server may answer, and close, before it has taken all of a body.
    request.on('error', end);
    request.end(body);
  });
}

/** Opens a connection and sends the head of a POST, and as much of its body as is given. */
export function openPost(port: number, path: string, declaredBytes: number, body: Uint8Array): Promise<Socket> {
  const head =
    `POST ${path}/git-upload-pack HTTP/1.1\r\nHost: 127.0.0.1\r\nGit-Protocol: version=2\r\n` +
    `Content-Type: application/x-git-upload-pack-request\r\nContent-Length: ${declaredBytes}\r\n\r\n`;
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port }, () => {
      socket.write(head);
      socket.write(body);
      resolve(socket);
    });
    socket.once('error', reject);
  });
}

/** Resolves when the other side has closed the connection; rejects after `ms`. */
export function closed(socket: Socket, ms: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Error(`the connection was still open after ${ms} ms`));
    }, ms);
    const end = (): void => {
      clearTimeout(timer);
      resolve();
    };
    socket.on('error', () => undefined);
    socket.once('close', end);
    if (socket.destroyed) end();
  });
}
