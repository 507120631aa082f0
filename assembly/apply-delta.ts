import { copyBytes } from './copy-bytes';
import { corrupt, wrongSize } from './status';

/** Where the last size that was read ended; 0 when it was malformed. */
let sizeEnd: usize = 0;

/** One of the two sizes in front of a delta's instructions. */
function readSize(delta: usize, end: usize): u64 {
  let value: u64 = 0;
  let at = delta;
  sizeEnd = 0;
  for (let shift: u64 = 0; shift <= 49; shift += 7) {
    if (at >= end) return 0;
    const byte = load<u8>(at++);
    value |= (<u64>(byte & 0x7f)) << shift;
    if (byte < 0x80) {
      sizeEnd = at;
      return value;
    }
  }
  return 0;
}

/** `Kernel.applyDelta`. */
export function applyDelta(
  base: usize,
  baseSize: usize,
  delta: usize,
  deltaSize: usize,
  result: usize,
  resultSize: usize,
): i32 {
  const end = delta + deltaSize;
  const statedBaseSize = readSize(delta, end);
  if (sizeEnd == 0) return corrupt;
  const statedSize = readSize(sizeEnd, end);
  if (sizeEnd == 0) return corrupt;
  if (statedSize != resultSize) return wrongSize;
  if (statedBaseSize != baseSize) return corrupt;
  const resultEnd = result + resultSize;
  let at = sizeEnd;
  let out = result;
  while (at < end) {
    const instruction: u32 = load<u8>(at++);
    if (instruction < 0x80) {
      const length: usize = instruction;
      if (length == 0 || length > end - at || length > resultEnd - out) return corrupt;
      copyBytes(out, at, length, min(end - at, resultEnd - out) - length);
      at += length;
      out += length;
      continue;
    }
    if (<usize>popcnt(instruction & 0x7f) > end - at) return corrupt;
    let from: usize = 0;
    let length: usize = 0;
    if ((instruction & 0x01) != 0) from = load<u8>(at++);
    if ((instruction & 0x02) != 0) from |= (<usize>load<u8>(at++)) << 8;
    if ((instruction & 0x04) != 0) from |= (<usize>load<u8>(at++)) << 16;
    if ((instruction & 0x08) != 0) from |= (<usize>load<u8>(at++)) << 24;
    if ((instruction & 0x10) != 0) length = load<u8>(at++);
    if ((instruction & 0x20) != 0) length |= (<usize>load<u8>(at++)) << 8;
    if ((instruction & 0x40) != 0) length |= (<usize>load<u8>(at++)) << 16;
    if (length == 0) length = 0x10000;
    if (from > baseSize || length > baseSize - from || length > resultEnd - out) return corrupt;
    copyBytes(out, base + from, length, min(baseSize - from, resultEnd - out) - length);
    out += length;
  }
  return out == resultEnd ? 0 : corrupt;
}
