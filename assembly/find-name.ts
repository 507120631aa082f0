/** Guesses before the search halves what is left: names are hashes, so a few are enough unless they were chosen. */
const maxGuesses: i32 = 8;

/** The eight bytes at `name` as a number. */
function key(name: usize): u64 {
  return bswap<u64>(load<u64>(name));
}

/** How the bytes of two names behind the first eight compare. */
function compareRest(left: usize, right: usize, rawLength: usize): i32 {
  for (let at: usize = 8; at + 4 <= rawLength; at += 4) {
    const leftWord = load<u32>(left + at);
    const rightWord = load<u32>(right + at);
    if (leftWord != rightWord) return bswap<u32>(leftWord) < bswap<u32>(rightWord) ? -1 : 1;
  }
  return 0;
}

/**
 * `Kernel.findName`. Where a name lies follows from its value, nearly: the distance from a wrong guess is guessed from how
 * far its name is off. Mostly two guesses are made, and the second is in the cache line of the name.
 */
export function findName(fanout: usize, names: usize, count: u32, rawLength: usize, name: usize): i32 {
  const first: usize = load<u8>(name);
  // A fanout that lies must not lead out of the table.
  let high = min(load<u32>(fanout + (first << 2)), count);
  let low: u32 = first == 0 ? 0 : load<u32>(fanout + (first << 2) - 4);
  if (low >= high) return -1;
  const wanted = key(name);
  const size: u64 = high - low;
  let guess = low + <u32>((((wanted >> 24) & 0xffff_ffff) * size) >> 32);
  for (let guesses = 0; guesses < maxGuesses; guesses++) {
    const at = names + <usize>guess * rawLength;
    const found = key(at);
    let isBefore = found < wanted;
    if (found == wanted) {
      const order = compareRest(at, name, rawLength);
      if (order == 0) return guess;
      isBefore = order < 0;
    }
    // Names with this first byte spread over 2^56 keys.
    if (isBefore) {
      low = guess + 1;
      if (low >= high) return -1;
      guess = <u32>min<u64>(<u64>low + ((((wanted - found) >> 24) * size) >> 32), high - 1);
    } else {
      high = guess;
      if (low >= high) return -1;
      const back = (((found - wanted) >> 24) * size) >> 32;
      guess = back < <u64>(high - 1 - low) ? high - 1 - <u32>back : low;
    }
  }
  while (low < high) {
    const middle = low + ((high - low) >> 1);
    const at = names + <usize>middle * rawLength;
    const found = key(at);
    let isBefore = found < wanted;
    if (found == wanted) {
      const order = compareRest(at, name, rawLength);
      if (order == 0) return middle;
      isBefore = order < 0;
    }
    if (isBefore) low = middle + 1;
    else high = middle;
  }
  return -1;
}
