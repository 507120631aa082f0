/**
 * Decoding tables of deflate (RFC 1951, 3.2). An entry is a 32-bit word:
 *
 * - a literal: `literalFlag`, the byte from bit 16 on
 * - a length or a distance: the base from bit 16 on
 * - anything else: `specialFlag` with one of the flags below it; of a subtable, bits 16 to 28 say which entry it begins
 *   at and bits 8 to 11 how many bits choose in it
 *
 * Bits 0 to 5 say how many bits the code and the extra bits behind it take together, bits 8 to 11 how many of them are
 * the code.
 */
export const literalFlag: u32 = 0x8000_0000;
export const specialFlag: u32 = 0x8000;
export const subtableFlag: u32 = 0x4000;
export const endOfBlockFlag: u32 = 0x2000;

/** No code begins with these bits. */
const invalidEntry: u32 = specialFlag | 1;

const maxCodeBits: u32 = 15;

/**
 * Room for a root of 8 to 11 bits and any subtables: one of 2^k entries takes more than k of the symbols, k is at most 4
 * for the 288 of a root of 11 bits and at most 7 for the 32 of one of 8.
 */
export const tableEntries: i32 = 3072;

/** What each symbol decodes to, as an entry without the length of its code. */
export const lengthResults: usize = memory.data(288 * 4, 16);
export const distanceResults: usize = memory.data(32 * 4, 16);
export const codeLengthResults: usize = memory.data(19 * 4, 16);

/** Fills the three lists above. Called once. */
export function fillResults(): void {
  for (let byte: u32 = 0; byte < 256; byte++) store<u32>(lengthResults + (byte << 2), literalFlag | (byte << 16));
  store<u32>(lengthResults + (256 << 2), specialFlag | endOfBlockFlag);
  let base: u32 = 3;
  for (let symbol: u32 = 257; symbol < 285; symbol++) {
    const extra: u32 = symbol < 265 ? 0 : (symbol - 261) >> 2;
    store<u32>(lengthResults + (symbol << 2), (base << 16) | extra);
    base += 1 << extra;
  }
  store<u32>(lengthResults + (285 << 2), 258 << 16);
  store<u32>(lengthResults + (286 << 2), invalidEntry - 1);
  store<u32>(lengthResults + (287 << 2), invalidEntry - 1);
  base = 1;
  for (let symbol: u32 = 0; symbol < 30; symbol++) {
    const extra: u32 = symbol < 4 ? 0 : (symbol >> 1) - 1;
    store<u32>(distanceResults + (symbol << 2), (base << 16) | extra);
    base += 1 << extra;
  }
  store<u32>(distanceResults + (30 << 2), invalidEntry - 1);
  store<u32>(distanceResults + (31 << 2), invalidEntry - 1);
  for (let symbol: u32 = 0; symbol < 19; symbol++) store<u32>(codeLengthResults + (symbol << 2), symbol << 16);
}

const counts: usize = memory.data(16 * 4, 16);
const starts: usize = memory.data(17 * 4, 16);
const sorted: usize = memory.data(320 * 4, 16);

/**
 * Fills `table` for codes that are listed in two-byte items from `list` to `listEnd`, those without a code left out: the
 * symbol in the low 12 bits, minus `firstSymbol`, and the length of its code in the high 4. Returns how many bits choose
 * in the root: `rootBits`, or fewer when all codes are shorter; 0 when there is no such set of codes: more than fit, or
 * fewer, except for a single one of one bit or none at all.
 */
export function fillTable(
  table: usize,
  rootBits: u32,
  list: usize,
  listEnd: usize,
  firstSymbol: u32,
  results: usize,
): u32 {
  for (let at: usize = 0; at < 64; at += 16) v128.store(counts + at, i32x4.splat(0));
  for (let at = list; at < listEnd; at += 2) {
    const slot = counts + ((load<u16>(at) >> 12) << 2);
    store<u32>(slot, load<u32>(slot) + 1);
  }
  let space: i32 = 1;
  let longest: u32 = 0;
  let start: u32 = 0;
  for (let bits: u32 = 1; bits <= maxCodeBits; bits++) {
    const ofLength = load<u32>(counts + (bits << 2));
    space = space * 2 - <i32>ofLength;
    if (space < 0) return 0;
    store<u32>(starts + (bits << 2), start);
    start += ofLength;
    if (ofLength != 0) longest = bits;
  }
  if (space > 0) {
    // Incomplete: allowed for a block that has a single distance, or none.
    if (longest > 1) return 0;
    const only =
      longest == 0 ? invalidEntry : load<u32>(results + (((load<u16>(list) & 0xfff) - firstSymbol) << 2)) + 0x101;
    store<u32>(table, only);
    store<u32>(table + 4, invalidEntry);
    return 1;
  }
  for (let at = list; at < listEnd; at += 2) {
    const item = load<u16>(at);
    const slot = starts + ((item >> 12) << 2);
    const position = load<u32>(slot);
    store<u32>(slot, position + 1);
    store<u32>(sorted + (position << 2), load<u32>(results + (((item & 0xfff) - firstSymbol) << 2)));
  }
  const root = min(longest, rootBits);
  // `code` is the next code turned round: codes are sent from their top bit, everything else from its bottom bit.
  let code: u32 = 0;
  let next = sorted;
  for (let bits: u32 = 1; bits <= root; bits++) {
    const size: u32 = 1 << bits;
    for (let left = load<u32>(counts + (bits << 2)); left > 0; left--) {
      store<u32>(table + (code << 2), load<u32>(next) + bits * 0x101);
      next += 4;
      code = nextCode(code, size - 1);
    }
    if (bits < root) doubleTable(table, size);
  }
  if (longest <= rootBits) return root;
  const rootMask: u32 = (1 << rootBits) - 1;
  let free: u32 = 1 << rootBits;
  let prefix: u32 = 0xffff_ffff;
  let subtable: u32 = 0;
  for (let bits = rootBits + 1; bits <= longest; bits++) {
    for (let left = load<u32>(counts + (bits << 2)); left > 0; left--) {
      if ((code & rootMask) != prefix) {
        // The codes are sorted, so those that share this prefix follow: widen until they fill the subtable.
        prefix = code & rootMask;
        let width = bits - rootBits;
        for (let filled = left; filled < (<u32>1) << width;) {
          width++;
          filled = filled * 2 + load<u32>(counts + ((rootBits + width) << 2));
        }
        subtable = free;
        free += 1 << width;
        store<u32>(table + (prefix << 2), (subtable << 16) | specialFlag | subtableFlag | (width << 8) | rootBits);
      }
      const entry = load<u32>(next) + (bits - rootBits) * 0x101;
      next += 4;
      const step: u32 = 1 << (bits - rootBits);
      for (let at = subtable + (code >> rootBits); at < free; at += step) store<u32>(table + (at << 2), entry);
      code = nextCode(code, (1 << bits) - 1);
    }
  }
  return root;
}

/** Writes the first `size` entries once more behind themselves. */
function doubleTable(table: usize, size: u32): void {
  if (size == 2) {
    store<u64>(table + 8, load<u64>(table));
    return;
  }
  const bytes: usize = size << 2;
  for (let at = table; at < table + bytes; at += 16) v128.store(at + bytes, v128.load(at));
}

/** The code that follows `code`, both turned round, `mask` having a bit for each of theirs; 0 after the last one. */
function nextCode(code: u32, mask: u32): u32 {
  // Turning the complement's highest bit: everything above it is a carry.
  const zeros = ~code & mask;
  if (zeros == 0) return 0;
  const top: u32 = 31 - clz<u32>(zeros);
  return (code & ((1 << top) - 1)) | (1 << top);
}
