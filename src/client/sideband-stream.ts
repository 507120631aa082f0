import { GitMirrorError } from '../core/error.ts';
import { SidebandDecoder } from '../wire/sideband.ts';
import { decodeWhile } from './decode-while.ts';
import type { PacketReader } from './packet-reader.ts';

/**
 * The bytes of band 1, in slices of the chunks as they arrived (nothing is copied or collected). Band 2 goes to
 * `onMessage`; band 3 is thrown as `GM_REMOTE`. Ends at the flush packet; what follows it stays in `reader`.
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
      yield* slices;
    }
    finished = true;
  } finally {
    if (finished) reader.unread(decoder.takeRest());
    else await reader.release();
  }
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
