/**
 * How fast the kernel's functions are, in WebAssembly and in TypeScript, on the objects of a real pack.
 *
 *     node bench/kernel.ts                      the largest pack of this checkout
 *     node bench/kernel.ts --repo <repository>  that of another repository on this machine
 *
 * Each figure is the least processor time of several rounds over the same objects, everything being in memory.
 *
 * Measured on a sample of git.git (849,014 objects, 496 MB), Node 24, a core that others used too:
 *
 * | | mean size | WebAssembly | TypeScript | zlib |
 * |---|---|---|---|---|
 * | inflate, commits | 892 B | 3.8 µs | 8.3 µs | 10.3 µs |
 * | inflate, trees | 3.7 KB | 9.4 µs | 17.6 µs | 12.8 µs |
 * | inflate, blobs | 10.7 KB | 22 µs | 52 µs | 31 µs |
 * | applyDelta, trees | 9.0 KB | 0.9 µs | 2.1 µs | |
 * | createDelta, trees, on git's own bases | 9.0 KB | 2.8 µs, sizes 97 % of git's | 15 µs | |
 * | createDelta, blobs, on git's own bases | 17.5 KB | 12 µs, sizes 99 % of git's | 60 µs | |
 * | a window of 10, blobs, a comparison | 17.1 KB | 21 µs (800 MB/s) | 119 µs | |
 * | scanTree, all seen | 9.0 KB | 12.8 µs | 34 µs | |
 * | scanTreeDelta, all seen | 9.0 KB | 5.3 µs | 11 µs | |
 * | findName, among 849,014 | | 80 to 260 ns | 260 to 430 ns | |
 */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { inflateSync } from 'node:zlib';
import type { Kernel, NameTable } from '../src/kernel/kernel.ts';
import { openKernel } from '../src/kernel/open-kernel.ts';
import { readPackSample, type PackSample, type SampledDelta } from './pack-sample.ts';

const minRoundsMs = 600;
const minRounds = 3;
const windowObjects = 10;

interface Figure {
  readonly what: string;
  /** Nanoseconds for one `unit`, and how many bytes that is when MB/s are of interest. */
  readonly nanoseconds: number;
  readonly bytes?: number;
  readonly note?: string;
}

/** Least processor time of a round of `work`, in nanoseconds. */
function best(work: () => void): number {
  work();
  let least = Infinity;
  for (let round = 0, total = 0; round < minRounds || total < minRoundsMs * 1000; round++) {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, user + system);
    total += user + system;
  }
  return least * 1000;
}

function check(isRight: boolean, what: string): void {
  if (!isRight) throw new Error(`${what} went wrong.`);
}

function place(kernel: Kernel, bytes: Uint8Array): number {
  const address = kernel.memory.allocate(bytes.length);
  kernel.memory.bytes.set(bytes, address);
  return address;
}

function measureInflate(kernel: Kernel, sample: PackSample): Figure[] {
  const output = kernel.memory.allocate(sample.largestObject);
  return sample.groups.map(({ name, entries }) => {
    const streams = entries.map(({ stream, size }) => ({ at: place(kernel, stream), length: stream.length, size }));
    const total = best(() => {
      for (const { at, length, size } of streams) {
        check(kernel.inflate(at, at + length, output, size) === length, 'Inflating');
      }
    });
    for (const { at } of streams) kernel.memory.release(at);
    const bytes = entries.reduce((sum, { size }) => sum + size, 0);
    return { what: `inflate: ${name}`, nanoseconds: total / entries.length, bytes: bytes / entries.length };
  });
}

function measureZlib(sample: PackSample): Map<string, number> {
  return new Map(
    sample.groups.map(({ name, entries }) => {
      const total = best(() => {
        for (const { stream, size } of entries) check(inflateSync(stream).length === size, 'zlib');
      });
      return [`inflate: ${name}`, total / entries.length];
    }),
  );
}

function measureDeltas(kernel: Kernel, deltas: readonly SampledDelta[], name: string): Figure[] {
  if (deltas.length === 0) return [];
  const { memory } = kernel;
  const largest = Math.max(...deltas.map(({ result }) => result.length));
  const room = memory.allocate(largest * 2 + 1000);
  const index = memory.allocate(kernel.deltaIndexBytes(Math.max(...deltas.map(({ base }) => base.length))));
  const placed = deltas.map((delta) => ({
    ...delta,
    baseAt: place(kernel, delta.base),
    deltaAt: place(kernel, delta.delta),
    resultAt: place(kernel, delta.result),
  }));
  const resultBytes = deltas.reduce((sum, { result }) => sum + result.length, 0) / deltas.length;
  const baseBytes = deltas.reduce((sum, { base }) => sum + base.length, 0) / deltas.length;
  const applied = best(() => {
    for (const { base, delta, result, baseAt, deltaAt } of placed) {
      const status = kernel.applyDelta(baseAt, base.length, deltaAt, delta.length, room, result.length);
      check(status === 0, 'Applying a delta');
    }
  });
  const indexed = best(() => {
    for (const { base, baseAt } of placed) kernel.indexDelta(baseAt, base.length, index);
  });
  let ours = 0;
  const both = best(() => {
    ours = 0;
    for (const { base, baseAt, result, resultAt } of placed) {
      kernel.indexDelta(baseAt, base.length, index);
      ours += kernel.createDelta(baseAt, base.length, index, resultAt, result.length, room, result.length + 1000);
    }
  });
  const gits = deltas.reduce((sum, { delta }) => sum + delta.length, 0);
  const count = deltas.length;
  const figures: Figure[] = [
    { what: `applyDelta: ${name}`, nanoseconds: applied / count, bytes: resultBytes },
    { what: `indexDelta: ${name}`, nanoseconds: indexed / count, bytes: baseBytes },
    {
      what: `createDelta: ${name}, each on the base git chose`,
      nanoseconds: (both - indexed) / count,
      bytes: resultBytes,
      note: `sizes ${((100 * ours) / gits).toFixed(1)} % of git's`,
    },
    measureWindow(kernel, placed, name),
  ];
  for (const { baseAt, deltaAt, resultAt } of placed) for (const at of [baseAt, deltaAt, resultAt]) memory.release(at);
  memory.release(room);
  memory.release(index);
  return figures;
}

/** Objects of alike sizes compared with those in front of them, most in vain, as a delta search does. */
function measureWindow(
  kernel: Kernel,
  placed: readonly { readonly result: Uint8Array; readonly resultAt: number }[],
  name: string,
): Figure {
  const objects = [...placed].sort((left, right) => right.result.length - left.result.length).slice(0, 2000);
  const largest = objects[0]?.result.length ?? 0;
  const indexBytes = kernel.deltaIndexBytes(largest);
  const indexes = Array.from({ length: windowObjects }, () => kernel.memory.allocate(indexBytes));
  const room = kernel.memory.allocate(largest);
  let compared = 0;
  let bytes = 0;
  const total = best(() => {
    compared = 0;
    bytes = 0;
    for (const [turn, { result, resultAt }] of objects.entries()) {
      let most = (result.length >> 1) - 20;
      for (let back = 1; back <= windowObjects && turn - back >= 0 && most > 0; back++) {
        const source = objects[turn - back];
        const index = indexes[(turn - back) % windowObjects];
        if (source === undefined || index === undefined) continue;
        const { resultAt: at, result: content } = source;
        const size = kernel.createDelta(at, content.length, index, resultAt, result.length, room, most);
        if (size > 0) most = size - 1;
        compared++;
        bytes += result.length;
      }
      const own = indexes[turn % windowObjects];
      if (own !== undefined) kernel.indexDelta(resultAt, result.length, own);
    }
  });
  for (const at of [...indexes, room]) kernel.memory.release(at);
  return {
    what: `window of ${windowObjects}: ${name}, a comparison`,
    nanoseconds: total / compared,
    bytes: bytes / compared,
  };
}

function placeTable(kernel: Kernel, sample: PackSample): NameTable {
  const fanout = place(kernel, new Uint8Array(sample.fanout.buffer));
  return { fanout, names: place(kernel, sample.names), count: sample.names.length / 20 };
}

function measureNames(kernel: Kernel, sample: PackSample): Figure[] {
  const table = placeTable(kernel, sample);
  const wanted = kernel.memory.allocate(20 * 10_000);
  const figures: Figure[] = [];
  for (const what of ['there', 'not there']) {
    for (let index = 0; index < 10_000; index++) {
      const random = randomBytes(20);
      const at = random.readUInt32BE(0) % table.count;
      const name = what === 'there' ? sample.names.subarray(at * 20, at * 20 + 20) : random;
      kernel.memory.bytes.set(name, wanted + index * 20);
    }
    const total = best(() => {
      let found = 0;
      for (let index = 0; index < 10_000; index++) if (kernel.findName(table, 20, wanted + index * 20) >= 0) found++;
      check(found === (what === 'there' ? 10_000 : 0), 'Finding a name');
    });
    figures.push({ what: `findName: ${what}, of ${table.count}`, nanoseconds: total / 10_000 });
  }
  return figures;
}

function measureTrees(kernel: Kernel, sample: PackSample): Figure[] {
  const deltas = sample.deltas.get('trees') ?? [];
  if (deltas.length === 0) return [];
  const table = placeTable(kernel, sample);
  const marks = kernel.memory.allocate(table.count);
  const largest = Math.max(...deltas.map(({ result }) => result.length));
  const rows = kernel.memory.allocate(largest);
  const placed = deltas.map((delta) => ({
    ...delta,
    baseAt: place(kernel, delta.base),
    deltaAt: place(kernel, delta.delta),
    resultAt: place(kernel, delta.result),
  }));
  kernel.prepareScan({ rawLength: 20, tables: [table], marks, skipMask: 1, setMask: 1, withBlobs: true });
  const { bytes } = kernel.memory;
  let found = 0;
  const fresh = best(() => {
    bytes.fill(0, marks, marks + table.count);
    found = 0;
    for (const { result, resultAt } of placed) found += kernel.scanTree(resultAt, result.length, 0, rows);
  });
  const again = best(() => {
    for (const { result, resultAt } of placed) kernel.scanTree(resultAt, result.length, 0, rows);
  });
  const byDelta = best(() => {
    for (const { base, baseAt, delta, deltaAt, result, resultAt } of placed) {
      const count = kernel.scanTreeDelta(baseAt, base.length, deltaAt, delta.length, resultAt, result.length, 0, rows);
      check(count >= 0, 'Scanning a tree');
    }
  });
  const size = deltas.reduce((sum, { result }) => sum + result.length, 0) / deltas.length;
  for (const { baseAt, deltaAt, resultAt } of placed) {
    for (const at of [baseAt, deltaAt, resultAt]) kernel.memory.release(at);
  }
  return [
    { what: 'scanTree: with new entries', nanoseconds: fresh / deltas.length, bytes: size, note: `${found} found` },
    { what: 'scanTree: all seen', nanoseconds: again / deltas.length, bytes: size },
    { what: 'scanTreeDelta: all seen', nanoseconds: byDelta / deltas.length, bytes: size },
  ];
}

function measureKernel(kind: Kernel['kind'], sample: PackSample): Figure[] {
  const kernel = openKernel({ kind });
  return [
    ...measureInflate(kernel, sample),
    ...[...sample.deltas].flatMap(([name, deltas]) => measureDeltas(kernel, deltas, name)),
    ...measureTrees(kernel, sample),
    ...measureNames(kernel, sample),
  ];
}

function formatTime(nanoseconds: number, bytes: number | undefined): string {
  const time = nanoseconds < 1000 ? `${nanoseconds.toFixed(0)} ns` : `${(nanoseconds / 1000).toFixed(2)} µs`;
  return bytes === undefined ? time : `${time} (${((bytes * 1000) / nanoseconds).toFixed(0)} MB/s)`;
}

const { values } = parseArgs({ options: { repo: { type: 'string', default: '.' }, kind: { type: 'string' } } });
const gitDir = execFileSync('git', ['rev-parse', '--absolute-git-dir'], { cwd: values.repo, encoding: 'utf8' }).trim();
const sample = readPackSample(gitDir);
const wasm = measureKernel('wasm', sample);
const plain = values.kind === 'wasm' ? [] : measureKernel('plain', sample);
const zlib = values.kind === 'wasm' ? new Map<string, number>() : measureZlib(sample);
console.log(`${sample.path}\n\n| what | mean size | wasm | plain | zlib | |\n|---|---|---|---|---|---|`);
for (const [turn, { what, nanoseconds, bytes, note }] of wasm.entries()) {
  const cells = [
    what,
    bytes === undefined ? '' : `${bytes.toFixed(0)} B`,
    formatTime(nanoseconds, bytes),
    formatTime(plain[turn]?.nanoseconds ?? Number.NaN, bytes),
    zlib.has(what) ? formatTime(zlib.get(what) ?? Number.NaN, bytes) : '',
    note ?? '',
  ];
  console.log(`| ${cells.join(' | ')} |`);
}
