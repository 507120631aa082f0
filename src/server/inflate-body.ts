import { once } from 'node:events';
import { createGunzip } from 'node:zlib';
import type { ByteStream } from '../core/byte-stream.ts';
import { GitMirrorError, messageOf } from '../core/error.ts';

/** Whether a request with this `Content-Encoding` is compressed; git-http-backend(1) takes every other value as none. */
export function isGzip(contentEncoding: string | undefined): boolean {
  return contentEncoding === 'gzip' || contentEncoding === 'x-gzip';
}

/**
 * `body` decompressed, at most `maxBytes` of it; compressed bytes are read only as fast as the result is. Throws
 * `GM_TOO_LARGE` over the bound, `GM_PROTOCOL` for what is no whole gzip stream, and what `body` throws.
 */
export async function* inflateBody(body: ByteStream, maxBytes: number): AsyncGenerator<Uint8Array, void, void> {
  const gunzip = createGunzip();
  const stop = new AbortController();
  let failure: { readonly reason: unknown } | undefined;
  const feed = async (): Promise<void> => {
    for await (const chunk of body) {
      if (!gunzip.write(chunk)) await once(gunzip, 'drain', { signal: stop.signal });
      if (stop.signal.aborted) return;
    }
    gunzip.end();
  };
  const feeding = feed().catch((reason: unknown) => {
    failure ??= { reason };
    gunzip.destroy();
  });
  let total = 0;
  try {
    for await (const chunk of gunzip.iterator() as AsyncIterable<unknown>) {
      if (!(chunk instanceof Uint8Array)) continue;
      total += chunk.length;
      if (total > maxBytes) {
        throw new GitMirrorError('GM_TOO_LARGE', `The request is larger than the ${maxBytes} bytes this server takes`);
      }
      yield chunk;
    }
    if (failure !== undefined) throw failure.reason;
  } catch (error) {
    if (failure !== undefined) throw failure.reason;
    if (error instanceof GitMirrorError) throw error;
    throw new GitMirrorError('GM_PROTOCOL', `The request is no gzip stream: ${messageOf(error)}`, { cause: error });
  } finally {
    stop.abort();
    gunzip.destroy();
    void feeding;
  }
}
