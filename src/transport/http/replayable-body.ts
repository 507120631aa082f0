import type { ByteStream } from '../../core/byte-stream.ts';
import { concatBytes } from '../../core/bytes.ts';

/**
 * A streamed body that is known to be short, as one array; or a stream of the same bytes when it is longer than
 * `maxBytes`, of which about that much is held in memory until it is read.
 *
 * Rejects with the body's own error. A body that is not read to its end after all is released by returning the stream.
 */
export async function holdBody(body: ByteStream, maxBytes: number): Promise<Uint8Array | ByteStream> {
  const iterator = body[Symbol.asyncIterator]();
  const held: Uint8Array[] = [];
  for (let length = 0; length <= maxBytes;) {
    const result = await iterator.next();
    if (result.done === true) return concatBytes(held);
    held.push(result.value);
    length += result.value.length;
  }
  return resume(held, iterator);
}

async function* resume(
  held: readonly Uint8Array[],
  iterator: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array, void, void> {
  try {
    yield* held;
    for (let result = await iterator.next(); result.done !== true; result = await iterator.next()) yield result.value;
  } finally {
    await iterator.return?.();
  }
}
