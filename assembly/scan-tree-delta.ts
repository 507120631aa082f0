import { beginScan, readEntry, scanRest, skipEntry } from './scan-tree';
import { corrupt } from './status';

/** How often the base may be walked from its beginning again, when copies come from anywhere in it. */
const maxWalks: i32 = 4;

/** `base` can be walked no further. */
const nowhere: usize = usize.MAX_VALUE;

/**
 * `Kernel.scanTreeDelta`. Walks the entries of base and tree in step. A copy may be passed over only as far as it is known
 * to begin at an entry of the base and of the tree at once: from there on the same bytes are the same entries, up to the
 * last one that ends inside the copy.
 */
export function scanTreeDelta(
  base: usize,
  baseSize: usize,
  delta: usize,
  deltaSize: usize,
  tree: usize,
  size: usize,
  parentHash: u32,
  rows: usize,
): i32 {
  beginScan(tree, size, parentHash, rows);
  const end = tree + size;
  const baseEnd = base + baseSize;
  const deltaEnd = delta + deltaSize;
  let at = delta;
  for (let sizes = 0; sizes < 2; sizes++) {
    while (at < deltaEnd && load<u8>(at) >= 0x80) at++;
    at++;
  }
  /** Next entries of base and tree. */
  let baseAt = base;
  let treeAt = tree;
  let walks = maxWalks;
  let out = tree;
  while (at < deltaEnd) {
    const instruction: u32 = load<u8>(at++);
    if (instruction < 0x80) {
      const literals: usize = instruction;
      if (literals == 0 || literals > deltaEnd - at || literals > end - out) return corrupt;
      at += literals;
      out += literals;
      continue;
    }
    if (<usize>popcnt(instruction & 0x7f) > deltaEnd - at) return corrupt;
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
    if (from > baseSize || length > baseSize - from || length > end - out) return corrupt;
    const copyEnd = out + length;
    while (treeAt < copyEnd) {
      if (treeAt >= out) {
        const wanted = base + from + (treeAt - out);
        if (baseAt > wanted && walks > 0) {
          walks--;
          baseAt = base;
        }
        while (baseAt < wanted) {
          baseAt = skipEntry(baseAt, baseEnd);
          if (baseAt == 0) baseAt = nowhere;
        }
        if (baseAt == wanted) {
          const limit = base + from + length;
          for (;;) {
            const next = skipEntry(baseAt, limit);
            if (next == 0) break;
            baseAt = next;
          }
          treeAt = out + (baseAt - base - from);
          if (treeAt == copyEnd) break;
        }
      }
      treeAt = readEntry(treeAt);
      if (treeAt == 0) return corrupt;
    }
    out = copyEnd;
  }
  return out == end ? scanRest(treeAt, rows) : corrupt;
}
