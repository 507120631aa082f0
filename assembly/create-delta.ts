import { filterBit, hashAt, indexHeaderBytes } from './delta-index';

/** These are explained in src/kernel/delta-index.ts. */
const hashedBytes: usize = 16;
const maxComparedBlocks: i32 = 64;
const maxVisitedBlocks: i32 = 96;
const enoughMatchBytes: usize = 4096;
const maxLiteralBytes: usize = 127;
const maxCopyBytes: usize = 0x10000;

/** Where the next byte of the delta goes, and where its room ends. 0 once something did not fit. */
let writeAt: usize = 0;
let writeEnd: usize = 0;

/** `Kernel.createDelta`. */
export function createDelta(
  source: usize,
  sourceSize: usize,
  index: usize,
  target: usize,
  targetSize: usize,
  delta: usize,
  maxSize: usize,
): i32 {
  const blockBytes = load<u32>(index);
  const blockCount = load<u32>(index, 4);
  const bucketBits = load<u32>(index, 8);
  const filter = index + indexHeaderBytes;
  const heads = filter + ((<usize>1) << bucketBits);
  const next = heads + ((<usize>4) << bucketBits);
  const hashes = next + ((<usize>blockCount) << 2);
  const shift = 32 - bucketBits;
  const sourceEnd = source + sourceSize;
  const targetEnd = target + targetSize;
  writeAt = delta;
  writeEnd = delta + maxSize;
  writeSize(sourceSize);
  writeSize(targetSize);
  /** Bytes of the target from here on are not in the delta yet. */
  let pending = target;
  let at = target;
  while (targetEnd - at >= hashedBytes) {
    if (writeAt == 0) return 0;
    const lastHashed = targetEnd - hashedBytes;
    // Behind `stop` there is no room for what is pending, though a match may still take back nearly a block of it: more,
    // and it would have been found before.
    const stop = pending + min(lastHashed - pending, writeEnd - writeAt + blockBytes);
    let hash: u32 = 0;
    for (; at <= stop; at++) {
      hash = hashAt(at);
      if ((load<u8>(filter + <usize>(hash >> shift)) & filterBit(hash, shift)) != 0) break;
    }
    if (at > stop) {
      if (stop < lastHashed) return 0;
      break;
    }
    let block = load<u32>(heads + ((<usize>(hash >> shift)) << 2));
    let bestLength: usize = 0;
    let bestFrom: usize = 0;
    let compared = 0;
    for (let visited = 0; block != 0 && visited < maxVisitedBlocks; visited++) {
      const slot = (<usize>(block - 1)) << 2;
      const from = source + <usize>(block - 1) * blockBytes;
      block = load<u32>(next + slot);
      if (load<u32>(hashes + slot) != hash) continue;
      const length = matchLength(from, sourceEnd, at, targetEnd);
      if (length < hashedBytes) continue;
      if (length > bestLength) {
        bestLength = length;
        bestFrom = from;
        if (length >= enoughMatchBytes) break;
      }
      if (++compared == maxComparedBlocks) break;
    }
    if (bestLength == 0) {
      at++;
      continue;
    }
    const maxBack = min(at - pending, bestFrom - source);
    let back: usize = 0;
    while (back < maxBack && load<u8>(bestFrom - back - 1) == load<u8>(at - back - 1)) back++;
    writeLiterals(pending, at - back);
    writeCopies(bestFrom - back - source, bestLength + back);
    at += bestLength;
    pending = at;
  }
  writeLiterals(pending, targetEnd);
  return writeAt == 0 ? 0 : <i32>(writeAt - delta);
}

/** How many bytes at `left` and `right` are equal. */
function matchLength(left: usize, leftEnd: usize, right: usize, rightEnd: usize): usize {
  const most = min(leftEnd - left, rightEnd - right);
  let length: usize = 0;
  for (; most - length >= 16; length += 16) {
    const equal = i8x16.bitmask(i8x16.eq(v128.load(left + length), v128.load(right + length)));
    if (equal != 0xffff) return length + <usize>ctz(~equal);
  }
  while (length < most && load<u8>(left + length) == load<u8>(right + length)) length++;
  return length;
}

/** One of the two sizes at the beginning. */
function writeSize(size: usize): void {
  let rest = size;
  for (; rest >= 0x80; rest >>= 7) writeByte((<u32>(rest & 0x7f)) | 0x80);
  writeByte(<u32>rest);
}

function writeByte(byte: u32): void {
  if (writeAt == 0) return;
  if (writeAt >= writeEnd) {
    writeAt = 0;
    return;
  }
  store<u8>(writeAt++, byte);
}

/** The bytes from `from` to `to`, as they are. */
function writeLiterals(from: usize, to: usize): void {
  let at = from;
  while (at < to) {
    const length = min(maxLiteralBytes, to - at);
    if (writeAt == 0 || length >= writeEnd - writeAt) {
      writeAt = 0;
      return;
    }
    store<u8>(writeAt, length);
    memory.copy(writeAt + 1, at, length);
    writeAt += length + 1;
    at += length;
  }
}

/** Copies of `length` bytes at `offset` of the source. */
function writeCopies(offset: usize, length: usize): void {
  const end = offset + length;
  for (let from = offset; from < end; from += maxCopyBytes) writeCopy(<u32>from, <u32>min(maxCopyBytes, end - from));
}

function writeCopy(offset: u32, length: u32): void {
  const instructionAt = writeAt;
  let instruction: u32 = 0x80;
  writeByte(instruction);
  for (let part: u32 = 0; part < 4; part++) {
    const byte = (offset >> (part << 3)) & 0xff;
    if (byte == 0) continue;
    instruction |= 1 << part;
    writeByte(byte);
  }
  // All sizes but 65536, which is said by leaving it out, have two bytes at most.
  for (let part: u32 = 0; part < 2; part++) {
    const byte = (length >> (part << 3)) & 0xff;
    if (byte == 0) continue;
    instruction |= 16 << part;
    writeByte(byte);
  }
  if (writeAt != 0) store<u8>(instructionAt, instruction);
}
