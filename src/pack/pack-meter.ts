import type { ByteStream } from '../core/byte-stream.ts';
import { GitMirrorError } from '../core/error.ts';
import { rawLength, type ObjectFormat } from '../core/object-id.ts';
import { packHeaderBytes, PackHeaderReader, type PackHeader } from './pack-header.ts';
import { PackTrailerVerifier } from './pack-trailer.ts';

/** What to watch while a pack passes. */
export interface ObservePackOptions {
  readonly format: ObjectFormat;
  /** Called once, before the chunk that completes the header is passed on. What it throws ends the stream. */
  readonly onHeader?: ((header: PackHeader) => void) | undefined;
  /** Called for each chunk with the bytes seen so far, that chunk included. */
  readonly onBytes?: ((totalBytes: number) => void) | undefined;
  /** The largest pack let through. The chunk that exceeds it is not passed on. Default: no bound. */
  readonly maxBytes?: number | undefined;
  /** Also hash the pack and compare with its trailer (about 0.6 ms a megabyte). Default false. */
  readonly verify?: boolean | undefined;
}

/**
 * Passes a pack through untouched and uncopied, and watches it. Chunks are those of `stream`.
 *
 * The stream that comes out throws a GitMirrorError: `GM_PROTOCOL` when the first bytes are no pack of version 2 or 3;
 * `GM_LIMIT` with details `{limit: 'maxPackBytes', bytes}` over `maxBytes`; `GM_CORRUPT` when `stream` ends before a
 * pack can have ended, or with `verify` when the trailer is not the hash of the pack (gitformat-pack). Whoever relays
 * it must take any throw as "not a whole pack".
 */
export async function* observePack(
  stream: ByteStream,
  options: ObservePackOptions,
): AsyncGenerator<Uint8Array, void, void> {
  const { format, onHeader, onBytes, maxBytes = Infinity, verify = false } = options;
  const reader = new PackHeaderReader();
  const verifier = verify ? new PackTrailerVerifier(format) : undefined;
  let bytes = 0;
  for await (const chunk of stream) {
    if (chunk.length === 0) continue;
    if (reader.header === undefined) {
      const header = reader.push(chunk);
      if (header !== undefined) onHeader?.(header);
    }
    bytes += chunk.length;
    if (bytes > maxBytes) {
      throw new GitMirrorError('GM_LIMIT', `Receiving a pack: it is larger than the bound of ${maxBytes} bytes.`, {
        details: { limit: 'maxPackBytes', bytes },
      });
    }
    verifier?.push(chunk);
    onBytes?.(bytes);
    yield chunk;
  }
  const { header } = reader;
  if (header === undefined || bytes < smallestPackBytes(header, format)) {
    throw new GitMirrorError('GM_CORRUPT', `Receiving a pack: it ended after ${bytes} bytes, before a pack can end.`, {
      details: { bytes },
    });
  }
  if (verifier?.finish() === false) {
    throw new GitMirrorError(
      'GM_CORRUPT',
      'Receiving a pack: its checksum does not match; it was damaged on the way.',
      {
        details: { bytes },
      },
    );
  }
}

/** The shortest entry is a header byte and an empty zlib stream of 8 bytes. */
function smallestPackBytes(header: PackHeader, format: ObjectFormat): number {
  return packHeaderBytes + 9 * header.objectCount + rawLength(format);
}
