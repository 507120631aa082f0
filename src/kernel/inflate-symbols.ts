import { distanceRootBits, entryKind, kindMask, lengthRootBits } from './huffman-table.ts';
import { inflateStatus, type InflateState, type InflateStatus } from './inflate-state.ts';

/**
 * Symbols while the input is plentiful: each look-up loads the 32 bits it needs afresh, so that there is nothing to
 * refill, and mispredict, in between.
 */
function inflateSymbolsFast(state: InflateState): void {
  const { output, outputLimit } = state;
  const view = state.view;
  const lengthCodes = state.lengthCodes;
  const distanceCodes = state.distanceCodes;
  const lengthMask = (1 << lengthRootBits) - 1;
  const distanceMask = (1 << distanceRootBits) - 1;
  // A symbol takes up to 48 bits from any bit of a byte, and its last load reaches 4 bytes from where it begins.
  const lastStart = state.inputEnd - 12;
  let at = state.inputPosition;
  let skip = state.skip;
  let out = state.outputPosition;
  while (out < outputLimit && at <= lastStart) {
    // At least 25 bits: two codes from the root table, or one of any length.
    let word = view.getUint32(at, true) >>> skip;
    let entry = lengthCodes[word & lengthMask] ?? 0;
    if ((entry & kindMask) === entryKind.literal) {
      output[out++] = entry >>> 16;
      skip += entry & 15;
      word >>>= entry & 15;
      entry = lengthCodes[word & lengthMask] ?? 0;
      if ((entry & kindMask) === entryKind.literal) {
        // Up to 257 bytes past the limit are allowed, so this one needs no check.
        output[out++] = entry >>> 16;
        skip += entry & 15;
      }
      at += skip >>> 3;
      skip &= 7;
      continue;
    }
    if ((entry & entryKind.subtable) !== 0) {
      const width = (entry >>> 8) & 0xff;
      skip += lengthRootBits;
      entry = lengthCodes[(entry >>> 16) + ((word >>> lengthRootBits) & ((1 << width) - 1))] ?? 0;
      if ((entry & kindMask) === entryKind.literal) {
        output[out++] = entry >>> 16;
        skip += entry & 15;
        at += skip >>> 3;
        skip &= 7;
        continue;
      }
    }
    // Where the block ends or is damaged, the careful loop takes over from the symbol's beginning.
    if ((entry & kindMask) !== entryKind.base) {
      if (skip > 7) skip -= lengthRootBits;
      break;
    }
    let nextSkip = skip + (entry & 15);
    let nextAt = at + (nextSkip >>> 3);
    nextSkip &= 7;
    word = view.getUint32(nextAt, true) >>> nextSkip;
    const lengthExtra = (entry >>> 8) & 0xff;
    const length = (entry >>> 16) + (word & ((1 << lengthExtra) - 1));
    word >>>= lengthExtra;
    nextSkip += lengthExtra;
    let far = distanceCodes[word & distanceMask] ?? 0;
    if ((far & entryKind.subtable) !== 0) {
      word >>>= distanceRootBits;
      nextSkip += distanceRootBits;
      far = distanceCodes[(far >>> 16) + (word & ((1 << ((far >>> 8) & 0xff)) - 1))] ?? 0;
    }
    nextSkip += far & 15;
    nextAt += nextSkip >>> 3;
    nextSkip &= 7;
    const distanceExtra = (far >>> 8) & 0xff;
    const distance = (far >>> 16) + ((view.getUint32(nextAt, true) >>> nextSkip) & ((1 << distanceExtra) - 1));
    if ((far & kindMask) !== entryKind.base || distance > out) {
      if (skip > 7) skip -= lengthRootBits;
      break;
    }
    nextSkip += distanceExtra;
    at = nextAt + (nextSkip >>> 3);
    skip = nextSkip & 7;
    let from = out - distance;
    if (length > 40 && distance >= length) {
      output.copyWithin(out, from, from + length);
      out += length;
    } else {
      const stop = out + length;
      while (out < stop) output[out++] = output[from++] ?? 0;
    }
  }
  state.inputPosition = at;
  state.skip = skip;
  state.outputPosition = out;
}

/**
 * Inflates symbols of the block under way. Returns undefined at its end; otherwise what is needed to go on, with
 * everything up to the last whole symbol done.
 */
export function inflateSymbols(state: InflateState): InflateStatus | undefined {
  if (state.inputEnd - state.inputPosition >= 16) inflateSymbolsFast(state);
  const { input, inputEnd, output, outputLimit } = state;
  const lengthCodes = state.lengthCodes;
  const distanceCodes = state.distanceCodes;
  const lengthMask = (1 << lengthRootBits) - 1;
  const distanceMask = (1 << distanceRootBits) - 1;
  let at = state.inputPosition;
  if (at >= inputEnd) return state.outputPosition < outputLimit ? inflateStatus.needInput : inflateStatus.needOutput;
  let hold = 0;
  let bits = 0;
  if (state.skip > 0) {
    hold = (input[at++] ?? 0) >>> state.skip;
    bits = 8 - state.skip;
  }
  let out = state.outputPosition;
  let status: InflateStatus | undefined = inflateStatus.needOutput;
  while (out < outputLimit) {
    // Where to return to when the input ends within this symbol, which takes at most 48 bits.
    const holdBefore = hold;
    const bitsBefore = bits;
    const atBefore = at;
    // Reading past the end yields zero bits, which is noticed below before anything is written.
    if (bits < 15) {
      hold |= (((input[at] ?? 0) | ((input[at + 1] ?? 0) << 8)) & 0xffff) << bits;
      at += 2;
      bits += 16;
    }
    let entry = lengthCodes[hold & lengthMask] ?? 0;
    if ((entry & entryKind.subtable) !== 0) {
      hold >>>= lengthRootBits;
      bits -= lengthRootBits;
      entry = lengthCodes[(entry >>> 16) + (hold & ((1 << ((entry >>> 8) & 0xff)) - 1))] ?? 0;
    }
    hold >>>= entry & 15;
    bits -= entry & 15;
    if ((entry & kindMask) === entryKind.literal) {
      if (at > inputEnd && at - (bits >> 3) > inputEnd) {
        hold = holdBefore;
        bits = bitsBefore;
        at = atBefore;
        status = inflateStatus.needInput;
        break;
      }
      output[out++] = entry >>> 16;
      continue;
    }
    let length = 0;
    let distance = 0;
    const kind = entry & kindMask;
    if (kind === entryKind.base) {
      const lengthExtra = (entry >>> 8) & 0xff;
      if (bits < 15) {
        hold |= (((input[at] ?? 0) | ((input[at + 1] ?? 0) << 8)) & 0xffff) << bits;
        at += 2;
        bits += 16;
      }
      length = (entry >>> 16) + (hold & ((1 << lengthExtra) - 1));
      hold >>>= lengthExtra;
      bits -= lengthExtra;
      if (bits < 15) {
        hold |= (((input[at] ?? 0) | ((input[at + 1] ?? 0) << 8)) & 0xffff) << bits;
        at += 2;
        bits += 16;
      }
      let far = distanceCodes[hold & distanceMask] ?? 0;
      if ((far & entryKind.subtable) !== 0) {
        hold >>>= distanceRootBits;
        bits -= distanceRootBits;
        far = distanceCodes[(far >>> 16) + (hold & ((1 << ((far >>> 8) & 0xff)) - 1))] ?? 0;
      }
      hold >>>= far & 15;
      bits -= far & 15;
      const distanceExtra = (far >>> 8) & 0xff;
      if (bits < distanceExtra) {
        hold |= (((input[at] ?? 0) | ((input[at + 1] ?? 0) << 8)) & 0xffff) << bits;
        at += 2;
        bits += 16;
      }
      distance = (far >>> 16) + (hold & ((1 << distanceExtra) - 1));
      hold >>>= distanceExtra;
      bits -= distanceExtra;
      if ((far & kindMask) !== entryKind.base) distance = Infinity;
    }
    if (at > inputEnd && at - (bits >> 3) > inputEnd) {
      hold = holdBefore;
      bits = bitsBefore;
      at = atBefore;
      status = inflateStatus.needInput;
      break;
    }
    if (kind === entryKind.endOfBlock) {
      status = undefined;
      break;
    }
    if (kind !== entryKind.base || distance > out) {
      status = state.corrupt(kind === entryKind.base ? 'it reaches back too far' : 'a block has an invalid code');
      break;
    }
    let from = out - distance;
    if (length > 40 && distance >= length) {
      output.copyWithin(out, from, from + length);
      out += length;
    } else {
      const stop = out + length;
      while (out < stop) output[out++] = output[from++] ?? 0;
    }
  }
  state.park(at, bits);
  state.outputPosition = out;
  return status;
}
