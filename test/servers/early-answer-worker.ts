import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { parentPort, workerData } from 'node:worker_threads';
import type { EarlyAnswerOptions } from './early-answer.ts';

/** Thread of {@link startEarlyAnswerServer}. */
const options = workerData as EarlyAnswerOptions;
const advertisement =
  'HTTP/1.1 200 OK\r\nContent-Type: application/x-git-receive-pack-advertisement\r\nContent-Length: 4\r\n\r\n0000';
const early =
  `HTTP/1.1 ${options.status} Early\r\nContent-Type: text/plain\r\nContent-Length: ${options.text.length}\r\n` +
  `Connection: close\r\n\r\n${options.text}`;

function serve(socket: Socket): void {
  let seen = Buffer.alloc(0);
  let isAnswered = false;
  socket.on('error', () => undefined);
  socket.on('data', (chunk: Buffer) => {
    seen = Buffer.concat([seen, chunk]);
    if (isAnswered || !seen.includes('\r\n\r\n')) return;
    if (seen.toString('latin1', 0, 4) === 'GET ') {
      seen = Buffer.alloc(0);
      socket.write(advertisement);
    } else if (seen.length > options.readBytes) {
      isAnswered = true;
      socket.pause();
      leave(socket);
    }
  });
}

function leave(socket: Socket): void {
  switch (options.leave) {
    case 'end':
      socket.end(early, () => socket.destroy());
      break;
    case 'linger':
      // As web servers do: what still comes is thrown away for a while, so that the answer is not overtaken by a reset.
      socket.write(early);
      socket.resume();
      setTimeout(() => socket.destroy(), 1000).unref();
      break;
    case 'destroy':
      socket.write(early, () => socket.destroy());
      break;
    case 'reset':
      socket.write(early, () => socket.resetAndDestroy());
  }
}

const { tls } = options;
const server =
  tls === undefined
    ? createServer(serve)
    : createTlsServer({ key: readFileSync(tls.keyFile), cert: readFileSync(tls.certFile) }, serve);
server.listen(0, '127.0.0.1', () => {
  parentPort?.postMessage((server.address() as AddressInfo).port);
});
