import { fixedDistanceCodes, fixedLengthCodes } from './huffman-table.ts';

/** What stopped an inflater's run. */
export const inflateStatus = { needInput: 0, needOutput: 1, done: 2, corrupt: 3 } as const;
export type InflateStatus = (typeof inflateStatus)[keyof typeof inflateStatus];

/** Where an inflater stands: shared by the parts of it. `Inflater` says what its users set and read. */
export class InflateState {
  inputPosition = 0;
  inputEnd = 0;
  output: Uint8Array = new Uint8Array(0);
  outputPosition = 0;
  outputLimit = 0;
  problem = '';
  /** Bits of the byte at `inputPosition` that have been used already, 0 to 7. */
  skip = 0;
  /** Tables of the block under way. */
  lengthCodes: Int32Array = fixedLengthCodes;
  distanceCodes: Int32Array = fixedDistanceCodes;
  #input: Uint8Array = new Uint8Array(0);
  #view: DataView = new DataView(new ArrayBuffer(0));

  get input(): Uint8Array {
    return this.#input;
  }

  set input(bytes: Uint8Array) {
    this.#input = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** The input, for loads of several bytes. */
  get view(): DataView {
    return this.#view;
  }

  /** Gives `bits` unused bits in front of `at` back to the input. */
  park(at: number, bits: number): void {
    this.inputPosition = at - ((bits + 7) >>> 3);
    this.skip = (8 - (bits & 7)) & 7;
  }

  /** Notes what is wrong. */
  corrupt(problem: string): InflateStatus {
    this.problem = problem;
    return inflateStatus.corrupt;
  }
}
