import { readFileSync } from 'node:fs';
import { GitMirrorError } from '../core/error.ts';
import { deltaIndexBytes, deltaIndexShape } from './delta-index.ts';
import { KernelMemory } from './kernel-memory.ts';
import type { Kernel, NameTable, TreeScan } from './kernel.ts';

/** What assembly/index.ts exports. Addresses above 2^31 wrap around on the way in, which is what is meant. */
interface KernelExports extends Pick<
  Kernel,
  'inflate' | 'inflatePrefix' | 'applyDelta' | 'scanTree' | 'scanTreeDelta' | 'createDelta'
> {
  dataEnd(): number;
  findName(fanout: number, names: number, count: number, rawLength: number, name: number): number;
  prepareScan(
    tables: number,
    tablesEnd: number,
    rawLength: number,
    marks: number,
    skipMask: number,
    setMask: number,
    withBlobs: boolean,
    hasNewTables: boolean,
  ): void;
  indexDelta(source: number, index: number, blockBytes: number, blockCount: number, bucketBits: number): void;
}

/** Words that describe a table to a scan: addresses of fanout and names, and how many names there are. */
const tableWords = 3;
/** What a page of kernel memory has room for: no repository but an unusual one has more packs. */
const tablesAtFirst = 5000;

/** Compiled once a thread. */
let compiled: WebAssembly.Module | undefined;

/** @throws GitMirrorError `GM_SYSTEM` when the module has not been built. */
function compile(): WebAssembly.Module {
  if (compiled !== undefined) return compiled;
  const url = new URL('./kernel.wasm', import.meta.url);
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(url);
  } catch (cause) {
    throw new GitMirrorError(
      'GM_SYSTEM',
      `The kernel cannot be read from ${url.pathname}: build it with "npm run build:kernel", or set GIT_MIRROR_KERNEL=plain to do without it.`,
      { cause },
    );
  }
  compiled = new WebAssembly.Module(bytes);
  return compiled;
}

/** The kernel in WebAssembly. */
export class WasmKernel implements Kernel {
  readonly kind = 'wasm';
  readonly memory = new KernelMemory();
  readonly inflate: Kernel['inflate'];
  readonly inflatePrefix: Kernel['inflatePrefix'];
  readonly applyDelta: Kernel['applyDelta'];
  readonly scanTree: Kernel['scanTree'];
  readonly scanTreeDelta: Kernel['scanTreeDelta'];
  readonly createDelta: Kernel['createDelta'];
  readonly #exports: KernelExports;
  /** Where tables are described to scans, and room for how many there is. */
  #tables: number;
  #tableRoom = tablesAtFirst;
  /** What was scanned last: names that have been found stay known while it is the same. */
  #scanned: Pick<TreeScan, 'rawLength' | 'tables'> = { rawLength: 0, tables: [] };

  constructor() {
    const instance = new WebAssembly.Instance(compile(), { env: { memory: this.memory.memory } });
    const exports = instance.exports as unknown as KernelExports;
    this.memory.begin(exports.dataEnd());
    this.#tables = this.memory.allocate(4 * tableWords * tablesAtFirst);
    this.#exports = exports;
    // Called as they are: one call less for each object.
    this.inflate = exports.inflate;
    this.inflatePrefix = exports.inflatePrefix;
    this.applyDelta = exports.applyDelta;
    this.scanTree = exports.scanTree;
    this.scanTreeDelta = exports.scanTreeDelta;
    this.createDelta = exports.createDelta;
  }

  findName(table: NameTable, rawLength: number, name: number): number {
    return this.#exports.findName(table.fanout, table.names, table.count, rawLength, name);
  }

  prepareScan(scan: TreeScan): void {
    const { rawLength, tables } = scan;
    const { tables: before } = this.#scanned;
    const hasNewTables =
      rawLength !== this.#scanned.rawLength ||
      tables.length !== before.length ||
      tables.some((table, index) => table !== before[index]);
    if (hasNewTables) this.#scanned = { rawLength, tables: [...tables] };
    if (tables.length > this.#tableRoom) {
      const fresh = this.memory.allocate(4 * tableWords * tables.length);
      this.memory.release(this.#tables);
      this.#tables = fresh;
      this.#tableRoom = tables.length;
    }
    const { words } = this.memory;
    let at = this.#tables / 4;
    for (const { fanout, names, count } of tables) {
      words[at] = fanout;
      words[at + 1] = names;
      words[at + 2] = count;
      at += tableWords;
    }
    this.#exports.prepareScan(
      this.#tables,
      4 * at,
      rawLength,
      scan.marks,
      scan.skipMask,
      scan.setMask,
      scan.withBlobs,
      hasNewTables,
    );
  }

  deltaIndexBytes(sourceSize: number): number {
    return deltaIndexBytes(sourceSize);
  }

  indexDelta(source: number, sourceSize: number, index: number): void {
    const { blockBytes, blockCount, bucketBits } = deltaIndexShape(sourceSize);
    this.#exports.indexDelta(source, index, blockBytes, blockCount, bucketBits);
  }
}
