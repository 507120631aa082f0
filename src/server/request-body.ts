import type { IncomingMessage } from 'node:http';
import { GitMirrorError } from '../core/error.ts';

/**
 * The body of `request`, at most `maxBytes` of it. Leaving early does not close the connection, so that an answer can
 * still be sent. Throws `GM_TOO_LARGE` over the bound and `GM_NETWORK` when the client goes away in the middle.
 */
export async function* readRequestBody(
  request: IncomingMessage,
  maxBytes: number,
  onChunk: (bytes: number) => void,
): AsyncGenerator<Uint8Array, void, void> {
  let total = 0;
  const chunks: AsyncIterable<unknown> = request.iterator({ destroyOnReturn: false });
  for await (const chunk of chunks) {
    if (!(chunk instanceof Uint8Array)) continue;
    total += chunk.length;
    if (total > maxBytes) throw tooLarge(maxBytes);
    onChunk(chunk.length);
    yield chunk;
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
