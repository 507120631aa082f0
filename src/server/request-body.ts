import type { IncomingMessage } from 'node:http';
import { GitMirrorError } from '../core/error.ts';

/** Options of {@link readRequestBody}. */
export interface RequestBodyOptions {
  readonly maxBytes: number;
  /** Ends the waiting for a client that has stopped sending. */
  readonly signal: AbortSignal;
  /** Told of each chunk that was read. */
  readonly onChunk: (bytes: number) => void;
}

/**
 * The body of `request`, at most `maxBytes` of it. Leaving early does not close the connection, so that an answer can
 * still be sent. Throws `GM_TOO_LARGE` over the bound, `GM_NETWORK` when the client goes away in the middle, and the reason
 * of the signal.
 */
export async function* readRequestBody(
  request: IncomingMessage,
  { maxBytes, signal, onChunk }: RequestBodyOptions,
): AsyncGenerator<Uint8Array, void, void> {
  let total = 0;
  const chunks: AsyncIterator<unknown, unknown> = request.iterator({ destroyOnReturn: false });
  const aborted = Promise.withResolvers<never>();
  aborted.promise.catch(() => undefined);
  const onAbort = (): void => {
    aborted.reject(signal.reason as Error);
  };
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  try {
    for (;;) {
      const { done, value } = await Promise.race<IteratorResult<unknown, unknown>>([chunks.next(), aborted.promise]);
      if (done === true) break;
      if (!(value instanceof Uint8Array)) continue;
      total += value.length;
      if (total > maxBytes) throw tooLarge(maxBytes);
      onChunk(value.length);
      yield value;
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
  if (!request.complete) throw new GitMirrorError('GM_NETWORK', 'The client went away in the middle of its request');
}

/** Throws `GM_TOO_LARGE` when the request says beforehand that its body is over the bound. */
export function assertDeclaredLength(request: IncomingMessage, maxBytes: number): void {
  const declared = request.headers['content-length'];
  if (declared !== undefined && Number(declared) > maxBytes) throw tooLarge(maxBytes);
}

function tooLarge(maxBytes: number): GitMirrorError {
  return new GitMirrorError('GM_TOO_LARGE', `The request is larger than the ${maxBytes} bytes this server takes`);
}
