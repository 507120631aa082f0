import { GitMirrorError } from '../core/error.ts';

/** Sizes a delta states in front of its instructions. */
export interface DeltaSizes {
  readonly baseSize: number;
  readonly resultSize: number;
  /** Where the instructions begin. */
  readonly start: number;
}

/**
 * The sizes in front of a delta's instructions (gitformat-pack, "Deltified representation"). Claimed by whoever wrote
 * the pack: compare `resultSize` with a bound before making room for it.
 *
 * @throws GitMirrorError `GM_CORRUPT` when they are cut off or out of all proportion.
 */
export function decodeDeltaSizes(delta: Uint8Array): DeltaSizes {
  let position = 0;
  const size = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = delta[position++];
      if (byte === undefined || scale > 2 ** 49) throw corrupt('its sizes are malformed');
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  };
  const baseSize = size();
  const resultSize = size();
  return { baseSize, resultSize, start: position };
}

/**
 * Rebuilds an object: runs the instructions of `delta` on `base` into `result`, which must have room for the
 * `sizes.resultSize` bytes, all of which get written.
 *
 * @throws GitMirrorError `GM_CORRUPT` when the delta was made for a base of another size, copies from outside it, has
 * the reserved instruction 0, is cut off, or does not give exactly the size it states.
 */
export function applyDelta(base: Uint8Array, delta: Uint8Array, sizes: DeltaSizes, result: Uint8Array): void {
  if (sizes.baseSize !== base.length) throw corrupt('its base has another size');
  const { resultSize } = sizes;
  let at = sizes.start;
  let out = 0;
  while (at < delta.length) {
    const instruction = delta[at++] ?? 0;
    if (instruction >= 0x80) {
      let from = 0;
      let size = 0;
      // Bytes past the end read as undefined, which `|` takes as 0; the position shows it afterwards.
      if ((instruction & 0x01) !== 0) from = delta[at++] ?? 0;
      if ((instruction & 0x02) !== 0) from |= (delta[at++] ?? 0) << 8;
      if ((instruction & 0x04) !== 0) from |= (delta[at++] ?? 0) << 16;
      if ((instruction & 0x08) !== 0) from = (from | ((delta[at++] ?? 0) << 24)) >>> 0;
      if ((instruction & 0x10) !== 0) size = delta[at++] ?? 0;
      if ((instruction & 0x20) !== 0) size |= (delta[at++] ?? 0) << 8;
      if ((instruction & 0x40) !== 0) size |= (delta[at++] ?? 0) << 16;
      if (size === 0) size = 0x10000;
      if (at > delta.length || from + size > base.length || out + size > resultSize) {
        throw corrupt('it copies from outside its base or past its end');
      }
      if (size < 48) for (let index = 0; index < size; index++) result[out + index] = base[from + index] ?? 0;
      else result.set(base.subarray(from, from + size), out);
      out += size;
    } else {
      if (instruction === 0 || at + instruction > delta.length || out + instruction > resultSize) {
        throw corrupt('it inserts more than it holds or has a reserved instruction');
      }
      for (let index = 0; index < instruction; index++) result[out + index] = delta[at + index] ?? 0;
      out += instruction;
      at += instruction;
    }
  }
  if (out !== resultSize) throw corrupt('it gives fewer bytes than it states');
}

function corrupt(problem: string): GitMirrorError {
  return new GitMirrorError('GM_CORRUPT', `Rebuilding an object from a delta: ${problem}.`);
}
