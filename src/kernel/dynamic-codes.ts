import {
  codeLengthRootBits,
  entryKind,
  fillCodeLengthTable,
  fillDistanceTable,
  fillLengthTable,
  kindMask,
  tableEntries,
} from './huffman-table.ts';
import { inflateStatus, type InflateState, type InflateStatus } from './inflate-state.ts';

const codeLengthOrder = Uint8Array.of(16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15);
/** Shared by all: filled and used up within one call. */
const codeLengthTable = new Int32Array(1 << codeLengthRootBits);
const codeLengths = new Uint8Array(19);

/** Reads the codes that a block brings with it (RFC 1951, 3.2.7), into tables that are used again for the next one. */
export class DynamicCodes {
  readonly #lengthTable = new Int32Array(tableEntries);
  readonly #distanceTable = new Int32Array(tableEntries);
  readonly #lengths = new Uint8Array(320);

  /**
   * Reads them from `startAt`, with `startBits` bits in `startHold` in front, and makes them those of `state`. Returns
   * undefined when they are read; with `needInput` nothing has been used up.
   */
  read(state: InflateState, startHold: number, startBits: number, startAt: number): InflateStatus | undefined {
    const { input, inputEnd } = state;
    let hold = startHold;
    let bits = startBits;
    let at = startAt;
    while (bits < 14) {
      if (at >= inputEnd) return inflateStatus.needInput;
      hold |= (input[at++] ?? 0) << bits;
      bits += 8;
    }
    const lengthCount = (hold & 31) + 257;
    const distanceCount = ((hold >>> 5) & 31) + 1;
    const codeLengthCount = ((hold >>> 10) & 15) + 4;
    hold >>>= 14;
    bits -= 14;
    if (lengthCount > 286 || distanceCount > 30) return state.corrupt('a block has too many codes');
    codeLengths.fill(0);
    for (let index = 0; index < codeLengthCount; index++) {
      if (bits < 3) {
        if (at >= inputEnd) return inflateStatus.needInput;
        hold |= (input[at++] ?? 0) << bits;
        bits += 8;
      }
      codeLengths[codeLengthOrder[index] ?? 0] = hold & 7;
      hold >>>= 3;
      bits -= 3;
    }
    if (!fillCodeLengthTable(codeLengthTable, codeLengths))
      return state.corrupt('the code lengths of a block are wrong');
    const lengths = this.#lengths;
    const total = lengthCount + distanceCount;
    const mask = (1 << codeLengthRootBits) - 1;
    for (let index = 0; index < total;) {
      // A code takes up to 7 bits and 7 more of repeat count. Near the end of the input fewer may be enough.
      while (bits < 14 && at < inputEnd) {
        hold |= (input[at++] ?? 0) << bits;
        bits += 8;
      }
      const entry = codeLengthTable[hold & mask] ?? 0;
      const used = entry & 15;
      if (used > bits) return inflateStatus.needInput;
      if ((entry & kindMask) === entryKind.invalid) return state.corrupt('a block has an invalid code');
      const symbol = entry >>> 16;
      if (symbol < 16) {
        lengths[index++] = symbol;
        hold >>>= used;
        bits -= used;
        continue;
      }
      const extraBits = symbol === 16 ? 2 : symbol === 17 ? 3 : 7;
      if (used + extraBits > bits) return inflateStatus.needInput;
      const repeat = ((hold >>> used) & ((1 << extraBits) - 1)) + (symbol === 18 ? 11 : 3);
      hold >>>= used + extraBits;
      bits -= used + extraBits;
      if (index + repeat > total || (symbol === 16 && index === 0)) {
        return state.corrupt('the code lengths of a block are wrong');
      }
      const length = symbol === 16 ? (lengths[index - 1] ?? 0) : 0;
      for (const stop = index + repeat; index < stop; index++) lengths[index] = length;
    }
    if (
      lengths[256] === 0 ||
      !fillLengthTable(this.#lengthTable, lengths, lengthCount) ||
      !fillDistanceTable(this.#distanceTable, lengths, lengthCount, distanceCount)
    ) {
      return state.corrupt('the codes of a block are wrong');
    }
    state.lengthCodes = this.#lengthTable;
    state.distanceCodes = this.#distanceTable;
    state.park(at, bits);
    return undefined;
  }
}
