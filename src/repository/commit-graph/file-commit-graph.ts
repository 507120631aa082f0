import { GitMirrorError } from '../../core/error.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import type { CommitGraph } from '../commit-graph.ts';
import { noPosition, type CommitGraphLayer } from './commit-graph-layer.ts';

/** A commit-graph file, or a chain of them with the lowest first. */
export class FileCommitGraph implements CommitGraph {
  readonly commitCount: number;
  readonly #kernel: Kernel;
  readonly #rawLength: number;
  readonly #layers: readonly CommitGraphLayer[];
  /** Dates serve only when every layer has them: they do not compare with levels. */
  readonly #hasDates: boolean;
  readonly #parents: number[] = [];

  constructor(kernel: Kernel, rawLength: number, layers: readonly CommitGraphLayer[], useDates: boolean) {
    this.#kernel = kernel;
    this.#rawLength = rawLength;
    this.#layers = layers;
    this.#hasDates = useDates && layers.every(({ dates }) => dates !== undefined);
    this.commitCount = layers.reduce((sum, { table }) => sum + table.count, 0);
  }

  find(address: number): number {
    for (const { table, firstPosition } of this.#layers) {
      const index = this.#kernel.findName(table, this.#rawLength, address);
      if (index >= 0) return firstPosition + index;
    }
    return -1;
  }

  copyName(position: number, address: number): void {
    const { table, firstPosition } = this.#layerOf(position);
    const start = table.names + (position - firstPosition) * this.#rawLength;
    this.#kernel.memory.bytes.copyWithin(address, start, start + this.#rawLength);
  }

  copyTreeName(position: number, address: number): void {
    const { data, commitBytes, firstPosition } = this.#layerOf(position);
    const start = (position - firstPosition) * commitBytes;
    const { bytes } = this.#kernel.memory;
    for (let index = 0; index < this.#rawLength; index++) bytes[address + index] = data[start + index] ?? 0;
  }

  parents(position: number): readonly number[] {
    const layer = this.#layerOf(position);
    const index = position - layer.firstPosition;
    const parents = this.#parents;
    parents.length = 0;
    const first = layer.firstParents[index] ?? noPosition;
    const second = layer.secondParents[index] ?? noPosition;
    if (first === noPosition) return parents;
    parents.push(first);
    if (second >= 0) parents.push(second);
    if (second >= noPosition) return parents;
    for (let at = -2 - second; at < layer.edges.length; at++) {
      const edge = layer.edges[at] ?? 0;
      parents.push(edge & 0x7fff_ffff);
      if (edge >= 0x8000_0000) break;
    }
    return parents;
  }

  commitTime(position: number): number {
    const { times, firstPosition } = this.#layerOf(position);
    return times[position - firstPosition] ?? 0;
  }

  generation(position: number): number {
    const { dates, levels, firstPosition } = this.#layerOf(position);
    const index = position - firstPosition;
    return (this.#hasDates ? dates?.[index] : levels[index]) ?? 0;
  }

  /** Releases kernel memory. */
  close(): void {
    for (const { table } of this.#layers) this.#kernel.memory.release(table.fanout);
  }

  #layerOf(position: number): CommitGraphLayer {
    for (let at = this.#layers.length - 1; at >= 0; at--) {
      const layer = this.#layers[at];
      if (layer !== undefined && position >= layer.firstPosition) return layer;
    }
    throw new GitMirrorError('GM_INTERNAL', `There is no commit ${position} in the commit-graph.`);
  }
}
