import { constants, deflateRawSync } from 'node:zlib';
import { adler32 } from '../kernel/adler32.ts';

const pieceBytes = 512 * 1024;

/**
 * Deflates `length` bytes into one zlib stream (RFC 1950), piece by piece: each is compressed by itself and flushed to a
 * byte border, so that a stream as long as the content is never held. A yielded piece belongs to the consumer. `view` is
 * asked for each piece anew, because the memory may have moved in the meantime; what it gives is read at once.
 */
export function* deflateInPieces(
  length: number,
  level: number,
  view: (start: number, end: number) => Uint8Array,
): Generator<Uint8Array, void, void> {
  yield Uint8Array.of(0x78, 0x9c);
  let checksum = 1;
  for (let start = 0; ; start += pieceBytes) {
    const end = Math.min(length, start + pieceBytes);
    const isLast = end === length;
    const content = view(start, end);
    checksum = adler32(checksum, content, 0, content.length);
    yield deflateRawSync(content, { level, finishFlush: isLast ? constants.Z_FINISH : constants.Z_FULL_FLUSH });
    if (isLast) break;
  }
  const trailer = new Uint8Array(4);
  new DataView(trailer.buffer).setUint32(0, checksum);
  yield trailer;
}
