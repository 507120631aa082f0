import {
  deltaIndexHeaderWords,
  deltaIndexShape,
  enoughMatchBytes,
  hashedBytes,
  maxComparedBlocks,
  maxVisitedBlocks,
} from './delta-index.ts';
import { DeltaWriter } from './delta-writer.ts';
import type { KernelMemory } from './kernel-memory.ts';

/** Finds deltas: `Kernel.indexDelta` and `Kernel.createDelta` without WebAssembly. */
export class PlainDeltaSearch {
  readonly #memory: KernelMemory;
  #bytes: Uint8Array = new Uint8Array(0);
  #view: DataView = new DataView(new ArrayBuffer(0));

  constructor(memory: KernelMemory) {
    this.#memory = memory;
  }

  indexDelta(source: number, sourceSize: number, index: number): void {
    this.#begin();
    const { words } = this.#memory;
    const { blockBytes, blockCount, bucketBits } = deltaIndexShape(sourceSize);
    const header = index / 4;
    words[header] = blockBytes;
    words[header + 1] = blockCount;
    words[header + 2] = bucketBits;
    const filter = index + 4 * deltaIndexHeaderWords;
    const heads = (filter + 2 ** bucketBits) / 4;
    const next = heads + 2 ** bucketBits;
    const hashes = next + blockCount;
    this.#bytes.fill(0, filter, 4 * next);
    for (let block = 0; block < blockCount; block++) words[hashes + block] = this.#hash(source + block * blockBytes);
    // From the last to the first: each goes to the head of its bucket.
    for (let block = blockCount - 1; block >= 0; block--) {
      const hash = words[hashes + block] ?? 0;
      if (block > 0 && words[hashes + block - 1] === hash) continue;
      const bucket = hash >>> (32 - bucketBits);
      this.#bytes[filter + bucket] = (this.#bytes[filter + bucket] ?? 0) | (1 << ((hash >>> (29 - bucketBits)) & 7));
      const head = heads + bucket;
      words[next + block] = words[head] ?? 0;
      words[head] = block + 1;
    }
  }

  createDelta(
    source: number,
    sourceSize: number,
    index: number,
    target: number,
    targetSize: number,
    delta: number,
    maxSize: number,
  ): number {
    this.#begin();
    const { bytes, words } = this.#memory;
    const sourceEnd = source + sourceSize;
    const targetEnd = target + targetSize;
    const header = index / 4;
    const blockBytes = words[header] ?? 0;
    const blockCount = words[header + 1] ?? 0;
    const bucketBits = words[header + 2] ?? 0;
    const bucketShift = 32 - bucketBits;
    const filter = index + 4 * deltaIndexHeaderWords;
    const heads = (filter + 2 ** bucketBits) / 4;
    const next = heads + 2 ** bucketBits;
    const hashes = next + blockCount;
    const writer = new DeltaWriter(bytes, delta, delta + maxSize);
    writer.size(sourceSize);
    writer.size(targetSize);
    /** Bytes of the target from here on are not in the delta yet. */
    let pending = target;
    let at = target;
    const lastHashed = targetEnd - hashedBytes;
    while (at <= lastHashed) {
      // A match may still take back what is pending: nearly a block of it, else it would have been found before.
      if (writer.isFull || at - pending > writer.room + blockBytes) return 0;
      const hash = this.#hash(at);
      const bucket = hash >>> bucketShift;
      if ((((bytes[filter + bucket] ?? 0) >>> ((hash >>> (bucketShift - 3)) & 7)) & 1) === 0) {
        at++;
        continue;
      }
      let bestLength = 0;
      let bestFrom = 0;
      let compared = 0;
      let block = words[heads + bucket] ?? 0;
      for (let visited = 0; block !== 0 && visited < maxVisitedBlocks; visited++) {
        const number = block - 1;
        block = words[next + number] ?? 0;
        if (words[hashes + number] !== hash) continue;
        const from = source + number * blockBytes;
        const length = this.#matchLength(from, sourceEnd, at, targetEnd);
        if (length < hashedBytes) continue;
        if (length > bestLength) {
          bestLength = length;
          bestFrom = from;
          if (length >= enoughMatchBytes) break;
        }
        if (++compared === maxComparedBlocks) break;
      }
      if (bestLength === 0) {
        at++;
        continue;
      }
      let back = 0;
      const maxBack = Math.min(at - pending, bestFrom - source);
      while (back < maxBack && bytes[bestFrom - back - 1] === bytes[at - back - 1]) back++;
      writer.literals(pending, at - back);
      writer.copies(bestFrom - back - source, bestLength + back);
      at += bestLength;
      pending = at;
    }
    writer.literals(pending, targetEnd);
    return writer.isFull ? 0 : writer.at - delta;
  }

  #begin(): void {
    const { bytes } = this.#memory;
    if (this.#bytes === bytes) return;
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }

  #hash(at: number): number {
    const view = this.#view;
    const sum =
      Math.imul(view.getUint32(at, true), 0x9e37_79b1) +
      Math.imul(view.getUint32(at + 4, true), 0x85eb_ca77) +
      Math.imul(view.getUint32(at + 8, true), 0xc2b2_ae3d) +
      Math.imul(view.getUint32(at + 12, true), 0x27d4_eb2f);
    return Math.imul(sum ^ (sum >>> 15), 0x1656_67b1) >>> 0;
  }

  #matchLength(left: number, leftEnd: number, right: number, rightEnd: number): number {
    const bytes = this.#bytes;
    const most = Math.min(leftEnd - left, rightEnd - right);
    let length = 0;
    while (length < most && bytes[left + length] === bytes[right + length]) length++;
    return length;
  }
}
