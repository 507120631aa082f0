import { GitMirrorError } from '../core/error.ts';
import { applyDelta, decodeDeltaSizes } from './apply-delta.ts';
import { deltaIndexBytes } from './delta-index.ts';
import { KernelMemory } from './kernel-memory.ts';
import { kernelStatus, type Kernel, type NameTable, type TreeScan } from './kernel.ts';
import { PlainDeltaSearch } from './plain-delta-search.ts';
import { findName } from './plain-find-name.ts';
import { PlainInflate } from './plain-inflate.ts';
import { PlainTreeScan } from './plain-tree-scan.ts';

/** The kernel in TypeScript: what the one in WebAssembly is held against. */
export class PlainKernel implements Kernel {
  readonly kind = 'plain';
  readonly memory = new KernelMemory();
  readonly #inflate = new PlainInflate(this.memory);
  readonly #trees = new PlainTreeScan(this.memory);
  readonly #deltas = new PlainDeltaSearch(this.memory);

  constructor() {
    // Address 0 stays unused, so that it can stand for nothing.
    this.memory.begin(1);
  }

  inflate(input: number, inputEnd: number, output: number, outputSize: number): number {
    return this.#inflate.inflate(input, inputEnd, output, outputSize);
  }

  inflatePrefix(input: number, inputEnd: number, output: number, outputSize: number): number {
    return this.#inflate.inflatePrefix(input, inputEnd, output, outputSize);
  }

  applyDelta(
    base: number,
    baseSize: number,
    delta: number,
    deltaSize: number,
    result: number,
    resultSize: number,
  ): number {
    const { memory } = this;
    const deltaBytes = memory.view(delta, deltaSize);
    try {
      const sizes = decodeDeltaSizes(deltaBytes);
      if (sizes.resultSize !== resultSize) return kernelStatus.wrongSize;
      applyDelta(memory.view(base, baseSize), deltaBytes, sizes, memory.view(result, resultSize));
      return 0;
    } catch (error) {
      if (error instanceof GitMirrorError && error.code === 'GM_CORRUPT') return kernelStatus.corrupt;
      throw error;
    }
  }

  findName(table: NameTable, rawLength: number, name: number): number {
    return findName(this.memory, table, rawLength, name);
  }

  prepareScan(scan: TreeScan): void {
    this.#trees.prepareScan(scan);
  }

  scanTree(tree: number, size: number, parentHash: number, rows: number): number {
    return this.#trees.scanTree(tree, size, parentHash, rows);
  }

  scanTreeDelta(
    base: number,
    baseSize: number,
    delta: number,
    deltaSize: number,
    tree: number,
    size: number,
    parentHash: number,
    rows: number,
  ): number {
    return this.#trees.scanTreeDelta(base, baseSize, delta, deltaSize, tree, size, parentHash, rows);
  }

  deltaIndexBytes(sourceSize: number): number {
    return deltaIndexBytes(sourceSize);
  }

  indexDelta(source: number, sourceSize: number, index: number): void {
    this.#deltas.indexDelta(source, sourceSize, index);
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
    return this.#deltas.createDelta(source, sourceSize, index, target, targetSize, delta, maxSize);
  }
}
