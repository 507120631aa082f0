import { adler32 } from './adler32';
import {
  codeLengthResults,
  distanceResults,
  endOfBlockFlag,
  fillResults,
  fillTable,
  lengthResults,
  literalFlag,
  specialFlag,
  subtableFlag,
  tableEntries,
} from './huffman-table';
import { corrupt, truncated, wrongSize } from './status';

/** Code bits that are looked up at once. Longer codes are rare and take a second look-up. */
const lengthRootBits: u32 = 11;
const distanceRootBits: u32 = 8;
const codeLengthRootBits: u32 = 7;

const dynamicLengths: usize = memory.data(tableEntries * 4, 16);
const dynamicDistances: usize = memory.data(tableEntries * 4, 16);
const fixedLengths: usize = memory.data(512 * 4, 16);
const fixedDistances: usize = memory.data(32 * 4, 16);
const codeLengthTable: usize = memory.data(128 * 4, 16);
/** Codes of a block as `fillTable` wants them. */
const codeList: usize = memory.data(320 * 2, 16);
const codeLengthOrder: usize = memory.data<u8>([16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]);

/** The blocks have ended as they should. */
const complete: i32 = 0;
/** A prefix has been written whole. */
const enough: i32 = 1;

/**
 * Where the stream under way stands: the functions below take these into locals and put them back. `hold` has `bits`
 * bits that come in front of `inputAt`; above them it may have more of them, never others.
 */
let inputAt: usize = 0;
let inputEnd: usize = 0;
let hold: u64 = 0;
let bits: u32 = 0;
let outputStart: usize = 0;
let outputAt: usize = 0;
let outputEnd: usize = 0;
/** What to answer when the output is full and there is more. */
let fullStatus: i32 = wrongSize;

/** Tables of the block under way, and how many bits choose in their roots. */
let lengthTable: usize = 0;
let lengthBits: u32 = 0;
let distanceTable: usize = 0;
let distanceBits: u32 = 0;
let fixedLengthBits: u32 = 0;
let fixedDistanceBits: u32 = 0;

/** Prepares the tables that never change. Called once. */
export function prepareInflate(): void {
  fillResults();
  for (let symbol: u32 = 0; symbol < 288; symbol++) {
    const length: u32 = symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8;
    store<u16>(codeList + (symbol << 1), (length << 12) | symbol);
  }
  fixedLengthBits = fillTable(fixedLengths, 9, codeList, codeList + 288 * 2, 0, lengthResults);
  for (let symbol: u32 = 0; symbol < 32; symbol++) store<u16>(codeList + (symbol << 1), (5 << 12) | symbol);
  fixedDistanceBits = fillTable(fixedDistances, 5, codeList, codeList + 32 * 2, 0, distanceResults);
}

/** `Kernel.inflate`. */
export function inflate(input: usize, end: usize, output: usize, outputSize: usize): i32 {
  const status = begin(input, end, output, outputSize, wrongSize);
  if (status != complete) return status;
  return outputAt == outputEnd ? <i32>(inputAt - input) : wrongSize;
}

/** `Kernel.inflatePrefix`. */
export function inflatePrefix(input: usize, end: usize, output: usize, outputSize: usize): i32 {
  if (outputSize == 0) return 0;
  const status = begin(input, end, output, outputSize, enough);
  // What is wrong behind the prefix is nobody's concern.
  if (status == corrupt && outputAt != outputEnd) return corrupt;
  return <i32>(outputAt - output);
}

function begin(input: usize, end: usize, output: usize, outputSize: usize, full: i32): i32 {
  inputEnd = end;
  hold = 0;
  bits = 0;
  outputStart = output;
  outputAt = output;
  outputEnd = output + outputSize;
  fullStatus = full;
  if (end - input < 2) return truncated;
  const header: u32 = ((<u32>load<u8>(input)) << 8) | load<u8>(input, 1);
  // Deflate, a window of at most 32 KiB, no dictionary.
  if ((header & 0x0f20) != 0x0800 || header >> 12 > 7 || header % 31 != 0) return corrupt;
  inputAt = input + 2;
  const status = blocks();
  return status == complete ? trailer() : status;
}

/** The blocks up to the end of the last one. */
function blocks(): i32 {
  let isLast = false;
  while (!isLast) {
    refill();
    if (bits < 3) return truncated;
    isLast = ((<u32>hold) & 1) != 0;
    const kind = ((<u32>hold) >> 1) & 3;
    hold >>= 3;
    bits -= 3;
    let status: i32;
    if (kind == 0) {
      status = storedBlock();
    } else if (kind == 3) {
      return corrupt;
    } else {
      if (kind == 1) {
        lengthTable = fixedLengths;
        lengthBits = fixedLengthBits;
        distanceTable = fixedDistances;
        distanceBits = fixedDistanceBits;
        status = complete;
      } else {
        status = dynamicCodes();
      }
      if (status == complete) status = symbols();
    }
    if (status != complete) return status;
  }
  return complete;
}

/** Tops `hold` up to 48 bits at least, as far as there is input. */
function refill(): void {
  if (inputEnd - inputAt >= 8) {
    hold |= load<u64>(inputAt) << bits;
    inputAt += (63 - bits) >> 3;
    bits |= 56;
    return;
  }
  while (bits <= 55 && inputAt < inputEnd) {
    hold |= (<u64>load<u8>(inputAt++)) << bits;
    bits += 8;
  }
}

/** Gives whole bytes in `hold` back to the input; the rest of a byte that has been begun is padding. */
function align(): void {
  inputAt -= bits >> 3;
  hold = 0;
  bits = 0;
}

function storedBlock(): i32 {
  align();
  if (inputEnd - inputAt < 4) return truncated;
  const length: usize = load<u16>(inputAt);
  if (((<u32>length) ^ load<u16>(inputAt, 2)) != 0xffff) return corrupt;
  inputAt += 4;
  const part = min(min(length, inputEnd - inputAt), outputEnd - outputAt);
  memory.copy(outputAt, inputAt, part);
  inputAt += part;
  outputAt += part;
  if (part == length) return complete;
  return inputAt == inputEnd ? truncated : fullStatus;
}

function trailer(): i32 {
  align();
  if (inputEnd - inputAt < 4) return truncated;
  if (bswap<u32>(load<u32>(inputAt)) != adler32(outputStart, outputAt)) return corrupt;
  inputAt += 4;
  return complete;
}

/** Reads the codes that a block brings with it (RFC 1951, 3.2.7). */
function dynamicCodes(): i32 {
  refill();
  if (bits < 14) return truncated;
  const lengthCount: u32 = ((<u32>hold) & 31) + 257;
  const distanceCount: u32 = (((<u32>hold) >> 5) & 31) + 1;
  const codeLengthCount: u32 = (((<u32>hold) >> 10) & 15) + 4;
  hold >>= 14;
  bits -= 14;
  if (lengthCount > 286 || distanceCount > 30) return corrupt;
  // By symbol, for which the order of the lengths must be turned into theirs.
  memory.fill(codeList, 0, 19 * 2);
  for (let index: u32 = 0; index < codeLengthCount; index++) {
    if (bits < 3) {
      refill();
      if (bits < 3) return truncated;
    }
    const symbol: u32 = load<u8>(codeLengthOrder + index);
    store<u16>(codeList + (symbol << 1), (((<u32>hold) & 7) << 12) | symbol);
    hold >>= 3;
    bits -= 3;
  }
  let listEnd = codeList;
  for (let symbol: u32 = 0; symbol < 19; symbol++) {
    const item = load<u16>(codeList + (symbol << 1));
    if (item < 0x1000) continue;
    store<u16>(listEnd, item);
    listEnd += 2;
  }
  const rootBits = fillTable(codeLengthTable, codeLengthRootBits, codeList, listEnd, 0, codeLengthResults);
  if (rootBits == 0) return corrupt;
  const status = readCodeLengths(lengthCount + distanceCount, (1 << rootBits) - 1);
  if (status < 0) return status;
  listEnd = codeList + status;
  let distances = listEnd;
  while (distances > codeList && <u32>(load<u16>(distances - 2) & 0xfff) >= lengthCount) distances -= 2;
  if (!hasEndOfBlock(distances)) return corrupt;
  lengthTable = dynamicLengths;
  lengthBits = fillTable(dynamicLengths, lengthRootBits, codeList, distances, 0, lengthResults);
  if (lengthBits == 0) return corrupt;
  distanceTable = dynamicDistances;
  distanceBits = fillTable(dynamicDistances, distanceRootBits, distances, listEnd, lengthCount, distanceResults);
  return distanceBits == 0 ? corrupt : complete;
}

/** Whether the symbol 256 is in the part of the code list that ends at `end`. It is near that end. */
function hasEndOfBlock(end: usize): bool {
  for (let at = end; at > codeList; at -= 2) {
    const symbol = load<u16>(at - 2) & 0xfff;
    if (symbol <= 256) return symbol == 256;
  }
  return false;
}

/** Reads the lengths of `total` codes into the code list. Returns how many bytes of it they take, or what is wrong. */
function readCodeLengths(total: u32, mask: u32): i32 {
  const end = inputEnd;
  let at = inputAt;
  let held = hold;
  let count = bits;
  let listAt = codeList;
  let previous: u32 = 0;
  for (let index: u32 = 0; index < total;) {
    // A code takes up to 7 bits and 7 more of repeat count. Near the end of the input fewer may be enough.
    if (count < 14) {
      if (end - at >= 8) {
        held |= load<u64>(at) << count;
        at += (63 - count) >> 3;
        count |= 56;
      } else {
        while (count <= 55 && at < end) {
          held |= (<u64>load<u8>(at++)) << count;
          count += 8;
        }
      }
    }
    const entry = load<u32>(codeLengthTable + (((<usize>held) & mask) << 2));
    const used = entry & 15;
    if (used > count) return truncated;
    if ((entry & specialFlag) != 0) return corrupt;
    const symbol = entry >> 16;
    if (symbol < 16) {
      held >>= used;
      count -= used;
      previous = symbol;
      store<u16>(listAt, (symbol << 12) | index);
      if (symbol != 0) listAt += 2;
      index++;
      continue;
    }
    const extra: u32 = symbol == 16 ? 2 : symbol == 17 ? 3 : 7;
    if (used + extra > count) return truncated;
    const repeat = (((<u32>held) >> used) & ((1 << extra) - 1)) + (symbol == 18 ? 11 : 3);
    held >>= used + extra;
    count -= used + extra;
    if (index + repeat > total) return corrupt;
    if (symbol != 16) {
      previous = 0;
      index += repeat;
      continue;
    }
    if (index == 0) return corrupt;
    if (previous == 0) {
      index += repeat;
      continue;
    }
    for (const stop = index + repeat; index < stop; index++) {
      store<u16>(listAt, (previous << 12) | index);
      listAt += 2;
    }
  }
  inputAt = at;
  hold = held;
  bits = count;
  return <i32>(listAt - codeList);
}

/** Inflates the symbols of a block. */
function symbols(): i32 {
  const lengths = lengthTable;
  const lengthMask: u32 = (1 << lengthBits) - 1;
  const distances = distanceTable;
  const distanceMask: u32 = (1 << distanceBits) - 1;
  const start = outputStart;
  const end = inputEnd;
  const outEnd = outputEnd;
  let at = inputAt;
  let held = hold;
  let count = bits;
  let out = outputAt;
  let status: i32 = complete;

  // While input and output are plentiful: a round takes up to 15 bytes and gives up to 260, or 15 more by copying in
  // steps of 16 bytes.
  while (end - at >= 16 && outEnd - out >= 280) {
    held |= load<u64>(at) << count;
    at += (63 - count) >> 3;
    count |= 56;
    let entry = load<u32>(lengths + (((<u32>held) & lengthMask) << 2));
    if (<i32>entry < 0) {
      store<u8>(out++, entry >> 16);
      held >>= entry;
      count -= entry & 63;
      entry = load<u32>(lengths + (((<u32>held) & lengthMask) << 2));
      if (<i32>entry < 0) {
        store<u8>(out++, entry >> 16);
        held >>= entry;
        count -= entry & 63;
        entry = load<u32>(lengths + (((<u32>held) & lengthMask) << 2));
        if (<i32>entry < 0) {
          store<u8>(out++, entry >> 16);
          held >>= entry;
          count -= entry & 63;
          continue;
        }
      }
    }
    if ((entry & specialFlag) != 0) {
      // The careful loop takes over from here when it is no subtable: it knows what to do.
      if ((entry & subtableFlag) == 0) break;
      const inRoot = entry & 63;
      const inner = load<u32>(
        lengths + (((entry >> 16) + ((<u32>(held >> inRoot)) & ((1 << ((entry >> 8) & 15)) - 1))) << 2),
      );
      if ((inner & specialFlag) != 0) break;
      held >>= inRoot;
      count -= inRoot;
      entry = inner;
      if (<i32>entry < 0) {
        store<u8>(out++, entry >> 16);
        held >>= entry;
        count -= entry & 63;
        continue;
      }
    }
    let used = entry & 63;
    const length: usize = (entry >> 16) + (((<u32>held) & ((1 << used) - 1)) >> ((entry >> 8) & 15));
    held >>= used;
    count -= used;
    // Two literals and a length have taken 48 bits at most, a distance may take 28.
    held |= load<u64>(at) << count;
    at += (63 - count) >> 3;
    count |= 56;
    entry = load<u32>(distances + (((<u32>held) & distanceMask) << 2));
    if ((entry & specialFlag) != 0) {
      if ((entry & subtableFlag) == 0) {
        status = corrupt;
        break;
      }
      used = entry & 63;
      held >>= used;
      count -= used;
      entry = load<u32>(distances + (((entry >> 16) + ((<u32>held) & ((1 << ((entry >> 8) & 15)) - 1))) << 2));
      if ((entry & specialFlag) != 0) {
        status = corrupt;
        break;
      }
    }
    used = entry & 63;
    const distance: usize = (entry >> 16) + (((<u32>held) & ((1 << used) - 1)) >> ((entry >> 8) & 15));
    held >>= used;
    count -= used;
    if (distance > out - start) {
      status = corrupt;
      break;
    }
    let from = out - distance;
    const stop = out + length;
    if (distance >= 16) {
      do {
        v128.store(out, v128.load(from));
        out += 16;
        from += 16;
      } while (out < stop);
    } else if (distance == 1) {
      const run = i8x16.splat(load<u8>(from));
      do {
        v128.store(out, run);
        out += 16;
      } while (out < stop);
    } else if (distance >= 8) {
      do {
        store<u64>(out, load<u64>(from));
        out += 8;
        from += 8;
      } while (out < stop);
    } else {
      do {
        store<u8>(out++, load<u8>(from++));
      } while (out < stop);
    }
    out = stop;
  }

  // One symbol after the other, each checked against what is left.
  while (status == complete) {
    if (count < 48) {
      if (end - at >= 8) {
        held |= load<u64>(at) << count;
        at += (63 - count) >> 3;
        count |= 56;
      } else {
        while (count <= 55 && at < end) {
          held |= (<u64>load<u8>(at++)) << count;
          count += 8;
        }
      }
    }
    let entry = load<u32>(lengths + (((<u32>held) & lengthMask) << 2));
    let used = entry & 63;
    if ((entry & (specialFlag | subtableFlag)) == (specialFlag | subtableFlag)) {
      entry = load<u32>(lengths + (((entry >> 16) + ((<u32>(held >> used)) & ((1 << ((entry >> 8) & 15)) - 1))) << 2));
      if (used > count) {
        status = truncated;
        break;
      }
      held >>= used;
      count -= used;
      used = entry & 63;
    }
    if (used > count) {
      status = truncated;
      break;
    }
    if (<i32>entry < 0) {
      if (out == outEnd) {
        status = fullStatus;
        break;
      }
      store<u8>(out++, entry >> 16);
      held >>= used;
      count -= used;
      continue;
    }
    if ((entry & specialFlag) != 0) {
      if ((entry & endOfBlockFlag) == 0) {
        status = corrupt;
      } else {
        held >>= used;
        count -= used;
      }
      break;
    }
    let length: usize = (entry >> 16) + (((<u32>held) & ((1 << used) - 1)) >> ((entry >> 8) & 15));
    held >>= used;
    count -= used;
    // 48 bits are enough for all of a symbol, so there is nothing to refill.
    entry = load<u32>(distances + (((<u32>held) & distanceMask) << 2));
    used = entry & 63;
    if ((entry & (specialFlag | subtableFlag)) == (specialFlag | subtableFlag)) {
      entry = load<u32>(
        distances + (((entry >> 16) + ((<u32>(held >> used)) & ((1 << ((entry >> 8) & 15)) - 1))) << 2),
      );
      if (used > count) {
        status = truncated;
        break;
      }
      held >>= used;
      count -= used;
      used = entry & 63;
    }
    if (used > count) {
      status = truncated;
      break;
    }
    if ((entry & specialFlag) != 0) {
      status = corrupt;
      break;
    }
    const distance: usize = (entry >> 16) + (((<u32>held) & ((1 << used) - 1)) >> ((entry >> 8) & 15));
    held >>= used;
    count -= used;
    if (distance > out - start) {
      status = corrupt;
      break;
    }
    if (length > outEnd - out) {
      length = outEnd - out;
      status = fullStatus;
    }
    let from = out - distance;
    const stop = out + length;
    if (distance >= 16 && outEnd - out >= length + 15) {
      for (; out < stop; out += 16, from += 16) v128.store(out, v128.load(from));
      out = stop;
    } else {
      while (out < stop) store<u8>(out++, load<u8>(from++));
    }
  }
  inputAt = at;
  hold = held;
  bits = count;
  outputAt = out;
  return status;
}
