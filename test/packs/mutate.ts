/**
 * A copy of `bytes` that is damaged: bytes changed, a piece cut out, repeated, or the end cut off. The same seed damages the
 * same way.
 */
export function mutate(bytes: Uint8Array, seed: number): Buffer {
  let state = (seed * 2_654_435_761 + 12_345) >>> 0;
  const random = (limit: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return limit === 0 ? 0 : (state >>> 4) % limit;
  };
  const copy = Buffer.from(bytes);
  const at = random(copy.length);
  const length = 1 + random(Math.min(64, copy.length));
  switch (random(6)) {
    case 0:
      return copy.subarray(0, at);
    case 1:
      return Buffer.concat([copy.subarray(0, at), copy.subarray(at + length)]);
    case 2:
      return Buffer.concat([copy.subarray(0, at + length), copy.subarray(at)]);
    case 3:
      copy.fill(random(2) === 0 ? 0 : 0xff, at, Math.min(copy.length, at + length));
      return copy;
    default:
      for (let count = 1 + random(4); count > 0; count -= 1) copy[random(copy.length)] = random(256);
      return copy;
  }
}
