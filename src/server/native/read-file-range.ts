import { open, type FileHandle } from 'node:fs/promises';
import type { FileRange } from '../../core/byte-sink.ts';
import { GitMirrorError, messageOf } from '../../core/error.ts';
import { encodePacketLength, lengthBytes } from '../../wire/packet-length.ts';

/** Bytes of the file in one chunk. */
const chunkBytes = 256 * 1024;
/** Length digits and band. */
const headerBytes = lengthBytes + 1;

/** Bytes for the client, and the parts of them that the file fills. */
interface Chunk {
  readonly bytes: Uint8Array;
  readonly payloads: readonly Uint8Array[];
}

/**
 * The bytes of a part of a file, cut into packets of band 1 when it says so: they are read straight to where they belong
 * between the headers of the packets. One chunk is read ahead, into the other one of two buffers that are used in turn: what
 * is yielded is borrowed until the next chunk is asked for. (With a new buffer each time, collecting them took as much time
 * as sending them.)
 *
 * @throws GitMirrorError `GM_SYSTEM` when the file ends early or cannot be read.
 */
export async function* readFileRange(range: FileRange): AsyncGenerator<Uint8Array, void, void> {
  const { path, offset, length, packetBytes = 0 } = range;
  const payloadBytes = packetBytes > 0 ? packetBytes - headerBytes : chunkBytes;
  const perChunk = Math.max(1, Math.floor(chunkBytes / payloadBytes)) * payloadBytes;
  const whole = length > perChunk ? [makeChunk(perChunk, packetBytes), makeChunk(perChunk, packetBytes)] : [];
  const file = await openFile(path);
  const readAt = (at: number): Promise<Uint8Array> | undefined => {
    if (at >= length) return undefined;
    const left = Math.min(perChunk, length - at);
    const used = left === perChunk ? whole[(at / perChunk) % 2] : undefined;
    return fill(file, used ?? makeChunk(left, packetBytes), offset + at);
  };
  try {
    let next = readAt(0);
    for (let at = perChunk; next !== undefined; at += perChunk) {
      const bytes = await next;
      next = readAt(at);
      // Whoever leaves in the middle does not wait for it.
      next?.catch(() => undefined);
      yield bytes;
    }
  } finally {
    // Waits for what is being read.
    await file.close();
  }
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (cause) {
    throw new GitMirrorError('GM_SYSTEM', `A pack in the cache cannot be read: ${messageOf(cause)}`, { cause });
  }
}

function makeChunk(length: number, packetBytes: number): Chunk {
  if (packetBytes === 0) {
    const bytes = Buffer.allocUnsafeSlow(length);
    return { bytes, payloads: [bytes] };
  }
  const most = packetBytes - headerBytes;
  const bytes = Buffer.allocUnsafeSlow(length + Math.ceil(length / most) * headerBytes);
  const payloads: Uint8Array[] = [];
  for (let start = 0; start < bytes.length; start += packetBytes) {
    const end = Math.min(start + packetBytes, bytes.length);
    encodePacketLength(end - start, bytes, start);
    bytes[start + lengthBytes] = 1;
    payloads.push(bytes.subarray(start + headerBytes, end));
  }
  return { bytes, payloads };
}

async function fill(file: FileHandle, { bytes, payloads }: Chunk, position: number): Promise<Uint8Array> {
  const wanted = payloads.reduce((sum, { length }) => sum + length, 0);
  const { bytesRead } = await file.readv(payloads, position);
  if (bytesRead !== wanted) throw new GitMirrorError('GM_SYSTEM', 'A pack in the cache is shorter than it was');
  return bytes;
}
