import { inflateStatus } from './inflate-state.ts';
import { Inflater, outputSlackBytes } from './inflate.ts';
import type { KernelMemory } from './kernel-memory.ts';
import { kernelStatus } from './kernel.ts';

/** Scratch of at most this size is kept for the next call. */
const keptBytes = 1024 * 1024;

const nothing = new Uint8Array(0);

/** Inflates whole objects in kernel memory: `Kernel.inflate` and `Kernel.inflatePrefix` without WebAssembly. */
export class PlainInflate {
  readonly #memory: KernelMemory;
  readonly #inflater = new Inflater();
  /** The inflater writes past its limit, where kernel memory belongs to others. */
  #scratch = nothing;

  constructor(memory: KernelMemory) {
    this.#memory = memory;
  }

  inflate(input: number, inputEnd: number, output: number, outputSize: number): number {
    // One byte of room more than there should be: only a stream that is too long reaches it.
    const status = this.#run(input, inputEnd, outputSize + 1);
    const inflater = this.#inflater;
    if (status === inflateStatus.needInput) return kernelStatus.truncated;
    if (status === inflateStatus.corrupt) return kernelStatus.corrupt;
    if (inflater.outputPosition !== outputSize) return kernelStatus.wrongSize;
    this.#copyOut(output, outputSize);
    return inflater.inputPosition;
  }

  inflatePrefix(input: number, inputEnd: number, output: number, outputSize: number): number {
    if (outputSize === 0) return 0;
    const status = this.#run(input, inputEnd, outputSize);
    const written = Math.min(this.#inflater.outputPosition, outputSize);
    // What is wrong behind the prefix is nobody's concern.
    if (status === inflateStatus.corrupt && written < outputSize) return kernelStatus.corrupt;
    this.#copyOut(output, written);
    return written;
  }

  #run(input: number, inputEnd: number, outputLimit: number): number {
    const needed = outputLimit + outputSlackBytes;
    if (this.#scratch.length < needed) this.#scratch = new Uint8Array(needed);
    const inflater = this.#inflater;
    inflater.reset();
    inflater.input = this.#memory.view(input, inputEnd - input);
    inflater.inputPosition = 0;
    inflater.inputEnd = inputEnd - input;
    inflater.output = this.#scratch;
    inflater.outputPosition = 0;
    inflater.outputLimit = outputLimit;
    return inflater.run();
  }

  #copyOut(output: number, length: number): void {
    this.#memory.bytes.set(this.#scratch.subarray(0, length), output);
    if (this.#scratch.length <= keptBytes) return;
    this.#scratch = nothing;
    this.#inflater.output = nothing;
  }
}
