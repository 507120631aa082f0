const digits = 1 << 16;
/** Below this, setting up a table of digits costs more than comparing. */
const radixFrom = 8192;

/**
 * Sorts `indexes` in place by ascending `keys[index]`, whole numbers from 0 to 2⁵³; equal keys stay in their order.
 * A radix sort for long lists, where a comparing sort would hold up the thread for half a second.
 */
export function sortIndexes(indexes: Uint32Array, keys: Float64Array): void {
  if (isSorted(indexes, keys)) return;
  if (indexes.length < radixFrom) {
    indexes.sort((left, right) => (keys[left] ?? 0) - (keys[right] ?? 0));
    return;
  }
  // Words, of which digits are cheaper to take than of floating-point numbers.
  const low = new Uint32Array(keys.length);
  const high = new Uint32Array(keys.length);
  let allHigh = 0;
  for (const index of indexes) {
    const key = keys[index] ?? 0;
    const top = Math.floor(key / 2 ** 32);
    low[index] = key;
    high[index] = top;
    allHigh |= top;
  }
  let from = indexes;
  let to: Uint32Array = new Uint32Array(indexes.length);
  const passes = allHigh === 0 ? 2 : allHigh < digits ? 3 : 4;
  for (let pass = 0; pass < passes; pass++) {
    distribute(from, to, pass < 2 ? low : high, (pass % 2) * 16);
    [from, to] = [to, from];
  }
  if (from !== indexes) indexes.set(from);
}

/** One pass: moves `from` to `to` in the order of 16 bits of their words. */
function distribute(from: Uint32Array, to: Uint32Array, words: Uint32Array, shift: number): void {
  const starts = new Uint32Array(digits + 1);
  for (const index of from) {
    const digit = ((words[index] ?? 0) >>> shift) & (digits - 1);
    starts[digit + 1] = (starts[digit + 1] ?? 0) + 1;
  }
  for (let digit = 0; digit < digits; digit++) starts[digit + 1] = (starts[digit + 1] ?? 0) + (starts[digit] ?? 0);
  for (const index of from) {
    const digit = ((words[index] ?? 0) >>> shift) & (digits - 1);
    const place = starts[digit] ?? 0;
    starts[digit] = place + 1;
    to[place] = index;
  }
}

/** What comes out of one pack often comes in its order. */
function isSorted(indexes: Uint32Array, keys: Float64Array): boolean {
  let last = -1;
  for (const index of indexes) {
    const key = keys[index] ?? 0;
    if (key < last) return false;
    last = key;
  }
  return true;
}
