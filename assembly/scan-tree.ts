import { findName } from './find-name';
import { corrupt } from './status';

const typeMask: u32 = 0o170000;
const treeType: u32 = 0o040000;
const fileType: u32 = 0o100000;
const linkType: u32 = 0o120000;

/** The usual modes as they begin an entry, read as a number, and how many bytes of it they take. */
const treeMode: u64 = 0x20_30_30_30_30_34;
const treeModeMask: u64 = 0xffff_ffff_ffff;
const fileMode: u64 = 0x20_34_34_36_30_30_31;
const programMode: u64 = 0x20_35_35_37_30_30_31;
const fileModeMask: u64 = 0xff_ffff_ffff_ffff;

const unknownNumber: u32 = 0xffff_ffff;
const rowBytes: usize = 12;

/** Bytes of a table's description: addresses of fanout and names, and how many names there are. */
const tableBytes: usize = 12;

/**
 * Names found lately, each at the place its first bits say: most entries that are looked up were met a moment ago in a
 * tree much like this one, and here they take one access to memory instead of three. An item is a name of up to 32
 * bytes and, behind it, its number plus 1.
 */
const recentCount: u32 = 1 << 15;
const recentBytes: u32 = 36;
const recentNumber: usize = 32;
const recent: usize = memory.data(<i32>(recentCount * recentBytes), 16);

/** What `prepareScan` was given. */
let tables: usize = 0;
let tablesEnd: usize = 0;
export let rawLength: usize = 20;
let marks: usize = 0;
let skipMask: u32 = 0;
let setMask: u32 = 0;
let withBlobs: bool = false;

/** Of the scan under way: where the tree begins and ends, the hash of its path, and where the next row goes. */
let tree: usize = 0;
let treeEnd: usize = 0;
let parentHash: u32 = 0;
export let rowAt: usize = 0;

/** `Kernel.prepareScan`; the tables are described from `newTables` to `newTablesEnd`, and may be those of the last scan. */
export function prepareScan(
  newTables: usize,
  newTablesEnd: usize,
  newRawLength: usize,
  newMarks: usize,
  newSkipMask: u32,
  newSetMask: u32,
  newWithBlobs: bool,
  hasNewTables: bool,
): void {
  tables = newTables;
  tablesEnd = newTablesEnd;
  rawLength = newRawLength;
  marks = newMarks;
  skipMask = newSkipMask;
  setMask = newSetMask;
  withBlobs = newWithBlobs;
  if (hasNewTables) memory.fill(recent, 0, <usize>(recentCount * recentBytes));
}

/** Begins a scan; `readEntry` reads its entries. */
export function beginScan(newTree: usize, size: usize, newParentHash: u32, rows: usize): void {
  tree = newTree;
  treeEnd = newTree + size;
  parentHash = newParentHash;
  rowAt = rows;
}

/** How many rows there are from `rows` on. */
export function rowCount(rows: usize): i32 {
  return <i32>((rowAt - rows) / rowBytes);
}

/** Where the first zero byte from `start` on is; `end` when there is none. */
function findZero(start: usize, end: usize): usize {
  let at = start;
  for (; end - at >= 16; at += 16) {
    const zeros = i8x16.bitmask(i8x16.eq(v128.load(at), i8x16.splat(0)));
    if (zeros != 0) return at + <usize>ctz(zeros);
  }
  while (at < end && load<u8>(at) != 0) at++;
  return at;
}

/** Where the entry at `at` ends; 0 when it is cut off by `end`. */
export function skipEntry(at: usize, end: usize): usize {
  const zero = findZero(at, end);
  return end - zero > rawLength ? zero + 1 + rawLength : 0;
}

/** Reports the entry at `at` if it is new, and returns where it ends; 0 when it is none. */
export function readEntry(at: usize): usize {
  const end = treeEnd;
  let nameAt = at;
  let isTree = false;
  let isBlob = false;
  const start: u64 = end - at >= 8 ? load<u64>(at) : 0;
  if ((start & treeModeMask) == treeMode) {
    nameAt += 6;
    isTree = true;
  } else if ((start & fileModeMask) == fileMode || (start & fileModeMask) == programMode) {
    nameAt += 7;
    isBlob = true;
  } else {
    let mode: u32 = 0;
    for (; nameAt < end; nameAt++) {
      const digit: u32 = <u32>load<u8>(nameAt) - 0x30;
      if (digit > 7) break;
      mode = (mode << 3) | digit;
    }
    if (nameAt == at || nameAt == end || load<u8>(nameAt) != 0x20) return 0;
    nameAt++;
    const type = mode & typeMask;
    isTree = type == treeType;
    // Like git, which takes any other type for a submodule's commit.
    isBlob = type == fileType || type == linkType;
  }
  const zero = findZero(nameAt, end);
  if (zero == nameAt || end - zero <= rawLength) return 0;
  if (isTree || (isBlob && withBlobs)) report(at, isTree, nameAt, zero);
  return zero + 1 + rawLength;
}

function report(at: usize, isTree: bool, nameAt: usize, zero: usize): void {
  const number = numberOf(zero + 1);
  if (number != unknownNumber) {
    const slot = marks + <usize>number;
    const mark: u32 = load<u8>(slot);
    if ((mark & skipMask) != 0) return;
    store<u8>(slot, mark | setMask);
  }
  let hash = parentHash;
  for (let index = nameAt; index < zero; index++) {
    const byte: u32 = load<u8>(index);
    if (byte <= 0x20 && (byte == 0x20 || byte == 0x09 || byte == 0x0a || byte == 0x0d)) continue;
    hash = (hash >> 2) + (byte << 24);
  }
  store<u32>(rowAt, number);
  store<u32>(rowAt, ((<u32>(at - tree)) << 1) | (<u32>isTree), 4);
  store<u32>(rowAt, hash, 8);
  rowAt += rowBytes;
}

function numberOf(name: usize): u32 {
  const slot = recent + <usize>((load<u32>(name) & (recentCount - 1)) * recentBytes);
  const known = load<u32>(slot, recentNumber);
  if (known != 0 && isSameName(slot, name)) return known - 1;
  const number = findInTables(name);
  if (number != unknownNumber) {
    memory.copy(slot, name, rawLength);
    store<u32>(slot, number + 1, recentNumber);
  }
  return number;
}

function isSameName(left: usize, right: usize): bool {
  let differing = (load<u64>(left) ^ load<u64>(right)) | (load<u64>(left, 8) ^ load<u64>(right, 8));
  for (let at: usize = 16; at < rawLength; at += 4) differing |= load<u32>(left + at) ^ load<u32>(right + at);
  return differing == 0;
}

function findInTables(name: usize): u32 {
  let before: u32 = 0;
  for (let table = tables; table < tablesEnd; table += tableBytes) {
    const count = load<u32>(table, 8);
    const position = findName(load<u32>(table), load<u32>(table, 4), count, rawLength, name);
    if (position >= 0) return before + position;
    before += count;
  }
  return unknownNumber;
}

/** `Kernel.scanTree`. */
export function scanTree(address: usize, size: usize, hash: u32, rows: usize): i32 {
  beginScan(address, size, hash, rows);
  return scanRest(address, rows);
}

/** Reads the entries from `start` on. Returns the number of rows since `rows`, or that the tree is corrupt. */
export function scanRest(start: usize, rows: usize): i32 {
  let at = start;
  while (at < treeEnd) {
    at = readEntry(at);
    if (at == 0) return corrupt;
  }
  return rowCount(rows);
}
