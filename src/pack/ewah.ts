import { GitMirrorError } from '../core/error.ts';

/** Bytes in front of the words: how many bits and how many 64-bit words there are. */
export const ewahHeaderBytes = 8;
const ewahTrailerBytes = 4;

/** Bytes of a compressed bitmap, by its first {@link ewahHeaderBytes}. */
export function ewahBytes(header: Uint8Array): number {
  return ewahHeaderBytes + wordAt(header, 4) * 8 + ewahTrailerBytes;
}

/**
 * Adds the bits of a compressed bitmap to a plain one with exclusive or (gitformat-bitmap, "Appendix A: Serialization
 * format for an EWAH bitmap"). In `target`, bit i is bit i % 32 of word i / 32; it has an even number of words.
 *
 * @throws GitMirrorError `GM_CORRUPT` when the bitmap is cut off or longer than `target`; `target` is undefined then.
 */
export function xorEwah(source: Uint8Array, target: Uint32Array): void {
  if (source.length < ewahHeaderBytes || source.length !== ewahBytes(source)) throw corrupt('it is cut off');
  const end = source.length - ewahTrailerBytes;
  let at = ewahHeaderBytes;
  let to = 0;
  while (at < end) {
    // One word tells how many words of equal bits follow, and how many plain ones behind them.
    const high = wordAt(source, at);
    const low = wordAt(source, at + 4);
    at += 8;
    const runWords = (low >>> 1) + (high & 1) * 2 ** 31;
    const plainWords = high >>> 1;
    const runEnd = to + runWords * 2;
    if (runEnd > target.length) throw corrupt('it has more bits than there are objects');
    if ((low & 1) !== 0) for (let word = to; word < runEnd; word++) target[word] = ~(target[word] ?? 0);
    to = runEnd;
    if (plainWords * 8 > end - at || to + plainWords * 2 > target.length) {
      throw corrupt('it has more bits than there are objects');
    }
    for (let word = 0; word < plainWords; word++) {
      target[to] = (target[to] ?? 0) ^ wordAt(source, at + 4);
      target[to + 1] = (target[to + 1] ?? 0) ^ wordAt(source, at);
      to += 2;
      at += 8;
    }
  }
}

function wordAt(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)) >>> 0
  );
}

function corrupt(problem: string): GitMirrorError {
  return new GitMirrorError('GM_CORRUPT', `Reading a bitmap: ${problem}.`);
}
