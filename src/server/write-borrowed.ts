import type { Writable } from 'node:stream';
import { asError } from '../core/error.ts';

/**
 * Writes `chunk` and waits until the system has taken it: its memory may be used again then. Rejects with the reason of
 * `signal` when that comes first, else with what the stream failed with.
 */
export function writeBorrowed(writable: Writable, chunk: Uint8Array, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      reject(asError(signal.reason));
    };
    if (signal.aborted) {
      onAbort();
      return;
    }
    signal.addEventListener('abort', onAbort, { once: true });
    writable.write(chunk, (error) => {
      if (error === null || error === undefined) {
        signal.removeEventListener('abort', onAbort);
        resolve();
        return;
      }
      // A stream that fails closes next, which says by the signal that the client is gone.
      setImmediate(() => {
        signal.removeEventListener('abort', onAbort);
        reject(asError(error));
      });
    });
  });
}
