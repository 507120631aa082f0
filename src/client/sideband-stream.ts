import { GitMirrorError } from '../core/error.ts';
import { SidebandDecoder } from '../wire/sideband.ts';
import { decodeWhile } from './decode-while.ts';
import type { PacketReader } from './packet-reader.ts';

/**
 * The bytes of band 1, one view of each chunk as it arrived (nothing is collected). Band 2 goes to `onMessage`; band 3 is
 * thrown as `GM_REMOTE`. Ends at the flush packet; what follows it stays in `reader`.
 */
export async function* readSideband(
  reader: PacketReader,
  doing: string,
  onMessage?: (line: string) => void,
): AsyncGenerator<Uint8Array, void, void> {
  const decoder = new SidebandDecoder({ doing });
  let finished = false;
  try {
    while (!decoder.done) {
      const chunk = await reader.readChunk();
      if (chunk === undefined) {
        throw new GitMirrorError('GM_NETWORK', `The connection ended early while ${doing}. Try again.`);
      }
      const slices = decodeWhile(doing, () => decoder.push(chunk));
      if (onMessage !== undefined) for (const line of decoder.takeMessages()) onMessage(line);
      const data = joinWithin(slices);
      if (data !== undefined) yield data;
    }
    finished = true;
  } finally {
    if (finished) reader.unread(decoder.takeRest());
    else await reader.release();
  }
}

/**
 * Views of one chunk, in order, moved together within it: the chunk is ours, and what lay between them has been read.
 * Each view by itself would take every stage behind, and a system call of its own: a tenth of a relay's processor time.
 */
function joinWithin(views: readonly Uint8Array[]): Uint8Array | undefined {
  const [first, ...others] = views;
  if (first === undefined || others.length === 0) return first;
  const memory = new Uint8Array(first.buffer);
  let end = first.byteOffset + first.length;
  for (const { byteOffset, length } of others) {
    memory.copyWithin(end, byteOffset, byteOffset + length);
    end += length;
  }
  return memory.subarray(first.byteOffset, end);
}

/** All bytes up to the end of the answer, for a server without sideband. */
export async function* readPlain(reader: PacketReader): AsyncGenerator<Uint8Array, void, void> {
  let finished = false;
  try {
    for (;;) {
      const chunk = await reader.readChunk();
      if (chunk === undefined) break;
      yield chunk;
    }
    finished = true;
  } finally {
    if (!finished) await reader.release();
  }
}
