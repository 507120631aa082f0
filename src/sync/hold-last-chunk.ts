import type { ByteStream } from '../core/byte-stream.ts';

/**
 * The chunks of `stream`, each one only when the next has come or the stream has ended well. A target that gets a pack
 * this way never has all of it before the source has said that it is done: an error at the very end leaves the push
 * unfinished, too, instead of carried out and called a failure.
 */
export async function* holdLastChunk(stream: ByteStream): AsyncGenerator<Uint8Array, void, void> {
  let held: Uint8Array | undefined;
  for await (const chunk of stream) {
    if (chunk.length === 0) continue;
    if (held !== undefined) yield held;
    held = chunk;
  }
  if (held !== undefined) yield held;
}
