/**
 * Bytes that flow between layers. Unless a function says otherwise, a yielded chunk is owned by the consumer: the
 * producer neither reads nor writes it again. Leaving the loop early (`break`, `throw`, `return()`) releases whatever
 * stands behind the stream.
 */
export type ByteStream = AsyncIterable<Uint8Array>;

/** A stream of the given chunks, in order. */
export async function* streamOf(...chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array, void, void> {
  yield* chunks;
}

/** All of `streams`, one after the other. A stream is not touched before the one in front of it has ended. */
export async function* concatStreams(
  ...streams: readonly (ByteStream | Iterable<Uint8Array>)[]
): AsyncGenerator<Uint8Array, void, void> {
  for (const stream of streams) yield* stream;
}

/** `stream` untouched; `onBytes` is told the length of each chunk before it is passed on. */
export async function* tapStream(
  stream: ByteStream,
  onBytes: (bytes: number) => void,
): AsyncGenerator<Uint8Array, void, void> {
  for await (const chunk of stream) {
    onBytes(chunk.length);
    yield chunk;
  }
}
