/**
 * Decoding tables of deflate (RFC 1951, 3.2). An entry is a 32-bit number: bits 0-3 how many code bits it uses up, bits
 * 4-7 its kind, bits 8-15 how many extra bits follow, bits 16-30 its value.
 */
export const entryKind = {
  /** The value is a byte. */
  literal: 0x00,
  /** The value is a length or a distance, to which the extra bits are added. */
  base: 0x10,
  endOfBlock: 0x20,
  /** The code is longer than the root: the value is where its subtable begins, the extra bits its width. */
  subtable: 0x40,
  /** No code begins with these bits. */
  invalid: 0x80,
} as const;

export const kindMask = 0xf0;

/** Code bits that are looked up at once. Longer codes are rare and take a second look-up. */
export const lengthRootBits = 9;
export const distanceRootBits = 8;
export const codeLengthRootBits = 7;

/** Room for a root and any subtables: one of 2^k entries takes more than k of the 288 symbols. */
export const tableEntries = 4096;

const maxCodeBits = 15;

const lengthEntries = new Int32Array(288).fill(entryKind.invalid);
const distanceEntries = new Int32Array(32).fill(entryKind.invalid);
const codeLengthEntries = new Int32Array(19);

for (let byte = 0; byte < 256; byte++) lengthEntries[byte] = (byte << 16) | entryKind.literal;
lengthEntries[256] = entryKind.endOfBlock;
for (let symbol = 257, base = 3; symbol < 285; symbol++) {
  const extra = symbol < 265 ? 0 : (symbol - 261) >> 2;
  lengthEntries[symbol] = (base << 16) | (extra << 8) | entryKind.base;
  base += 1 << extra;
}
lengthEntries[285] = (258 << 16) | entryKind.base;
for (let symbol = 0, base = 1; symbol < 30; symbol++) {
  const extra = symbol < 4 ? 0 : (symbol >> 1) - 1;
  distanceEntries[symbol] = (base << 16) | (extra << 8) | entryKind.base;
  base += 1 << extra;
}
for (let symbol = 0; symbol < 19; symbol++) codeLengthEntries[symbol] = (symbol << 16) | entryKind.literal;

const counts = new Int32Array(maxCodeBits + 1);
const sortedStart = new Int32Array(maxCodeBits + 2);
const sorted = new Uint16Array(320);

/**
 * Fills `table` for the codes whose lengths are `lengths[start]` to `lengths[start + count - 1]`. Returns false when
 * there is no such set of codes: more than fit, or fewer, except for a single one of one bit or none at all.
 *
 * Codes are taken shortest first, and the table is doubled in place from one length to the next: 0.6 × the time
 * of writing each code to every place it belongs to.
 */
function fillTable(
  table: Int32Array,
  rootBits: number,
  lengths: Uint8Array,
  start: number,
  count: number,
  entries: Int32Array,
): boolean {
  for (let bits = 0; bits <= maxCodeBits; bits++) counts[bits] = 0;
  const end = start + count;
  for (let at = start; at < end; at++) {
    const bits = lengths[at] ?? 0;
    counts[bits] = (counts[bits] ?? 0) + 1;
  }
  let space = 1;
  let longest = 0;
  sortedStart[1] = 0;
  for (let bits = 1; bits <= maxCodeBits; bits++) {
    const ofLength = counts[bits] ?? 0;
    space = space * 2 - ofLength;
    if (space < 0) return false;
    sortedStart[bits + 1] = (sortedStart[bits] ?? 0) + ofLength;
    if (ofLength !== 0) longest = bits;
  }
  if (space > 0) {
    // Incomplete: allowed for a block that has a single distance, or none.
    if (longest > 1) return false;
    table.fill(entryKind.invalid | 1, 0, 1 << rootBits);
    if (longest === 0) return true;
  }
  for (let symbol = 0; symbol < count; symbol++) {
    const bits = lengths[start + symbol] ?? 0;
    if (bits === 0) continue;
    const at = sortedStart[bits] ?? 0;
    sortedStart[bits] = at + 1;
    sorted[at] = symbol;
  }
  // `code` is the next code turned round: codes are sent from their top bit, everything else from its bottom bit.
  let code = 0;
  let next = 0;
  const rootLongest = Math.min(longest, rootBits);
  for (let bits = 1; bits <= rootLongest; bits++) {
    for (let left = counts[bits] ?? 0; left > 0; left--) {
      table[code] = (entries[sorted[next++] ?? 0] ?? 0) | bits;
      code = nextCode(code, bits);
    }
    // With a single code of one bit the other half stays invalid.
    if (bits < rootBits) doubleTable(table, 1 << bits);
  }
  for (let bits = rootLongest + 1; bits < rootBits; bits++) doubleTable(table, 1 << bits);
  const rootMask = (1 << rootBits) - 1;
  let free = 1 << rootBits;
  let root = -1;
  let subtable = 0;
  let subtableEnd = 0;
  for (let bits = rootBits + 1; bits <= longest; bits++) {
    for (let left = counts[bits] ?? 0; left > 0; left--) {
      if ((code & rootMask) !== root) {
        // The codes are sorted, so those that share this root follow: widen until they fill the subtable.
        root = code & rootMask;
        let width = bits - rootBits;
        for (let filled = left; filled < 1 << width; width++) {
          filled = filled * 2 + (counts[rootBits + width + 1] ?? 0);
        }
        subtable = free;
        free += 1 << width;
        subtableEnd = free;
        table[root] = (subtable << 16) | (width << 8) | entryKind.subtable | rootBits;
      }
      const entry = (entries[sorted[next++] ?? 0] ?? 0) | (bits - rootBits);
      const step = 1 << (bits - rootBits);
      for (let at = subtable + (code >>> rootBits); at < subtableEnd; at += step) table[at] = entry;
      code = nextCode(code, bits);
    }
  }
  return true;
}

/** Writes the first `size` entries once more behind themselves. */
function doubleTable(table: Int32Array, size: number): void {
  if (size >= 64) {
    table.copyWithin(size, 0, size);
    return;
  }
  for (let at = 0; at < size; at++) table[size + at] = table[at] ?? 0;
}

/** The code of `bits` bits that follows `code`, both turned round; 0 after the last one. */
function nextCode(code: number, bits: number): number {
  // Turning the complement's highest bit: everything above it is a carry.
  const zeros = ~code & ((1 << bits) - 1);
  if (zeros === 0) return 0;
  const top = 31 - Math.clz32(zeros);
  return (code & ((1 << top) - 1)) | (1 << top);
}

/** Fills the table of literals and lengths; false when the lengths describe no code. */
export function fillLengthTable(table: Int32Array, lengths: Uint8Array, count: number): boolean {
  return fillTable(table, lengthRootBits, lengths, 0, count, lengthEntries);
}

/** Fills the table of distances; false when the lengths describe no code. */
export function fillDistanceTable(table: Int32Array, lengths: Uint8Array, start: number, count: number): boolean {
  return fillTable(table, distanceRootBits, lengths, start, count, distanceEntries);
}

/** Fills the table of code lengths; false when the lengths describe no code. */
export function fillCodeLengthTable(table: Int32Array, lengths: Uint8Array): boolean {
  return fillTable(table, codeLengthRootBits, lengths, 0, 19, codeLengthEntries);
}

const fixedBits = new Uint8Array(288 + 32);
fixedBits.fill(8, 0, 144).fill(9, 144, 256).fill(7, 256, 280).fill(8, 280, 288).fill(5, 288);

/** The tables of blocks with fixed codes (RFC 1951, 3.2.6). Not to be written to. */
export const fixedLengthCodes = new Int32Array(1 << lengthRootBits);
export const fixedDistanceCodes = new Int32Array(1 << distanceRootBits);
fillLengthTable(fixedLengthCodes, fixedBits, 288);
fillDistanceTable(fixedDistanceCodes, fixedBits, 288, 32);
