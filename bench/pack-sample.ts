import { closeSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { inflateSync } from 'node:zlib';
import { applyDelta, decodeDeltaSizes } from '../src/kernel/apply-delta.ts';
import { packType } from '../src/objects/object-type.ts';
import { EntryHeader } from '../src/pack/pack-entry.ts';

/** How much of a pack is looked at: so many stretches, spread evenly, of so many bytes each. */
const stretches = 8;
const stretchBytes = 4 * 1024 * 1024;
const maxObjectBytes = 256 * 1024;
const maxEntries = 4000;
const maxDeltas = 2000;

/** A compressed object or delta, as it lies in the pack. */
interface SampledEntry {
  readonly stream: Uint8Array;
  readonly size: number;
}

/** A delta, what it builds on and what it gives. */
export interface SampledDelta {
  readonly base: Uint8Array;
  readonly delta: Uint8Array;
  readonly result: Uint8Array;
}

/** Objects of a pack to measure with. */
export interface PackSample {
  readonly path: string;
  readonly groups: readonly { readonly name: string; readonly entries: readonly SampledEntry[] }[];
  readonly largestObject: number;
  /** By what they are deltas of: `trees`, `blobs`. */
  readonly deltas: ReadonlyMap<string, readonly SampledDelta[]>;
  /** All names of the pack, and their fanout. */
  readonly names: Uint8Array;
  readonly fanout: Uint32Array;
}

interface Stored {
  readonly type: number;
  readonly size: number;
  readonly stream: Uint8Array;
  readonly baseOffset: number;
}

interface Resolved {
  readonly type: number;
  readonly content: Uint8Array;
}

/** Reads a sample of the largest pack of a repository with SHA-1 names. */
export function readPackSample(gitDir: string): PackSample {
  const folder = join(gitDir, 'objects', 'pack');
  const packs = readdirSync(folder).filter((name) => name.endsWith('.pack'));
  const [largest] = packs.sort((left, right) => statSync(join(folder, right)).size - statSync(join(folder, left)).size);
  if (largest === undefined) throw new Error(`${gitDir} has no pack: run "git repack -a" in it first.`);
  const path = join(folder, largest);
  const { names, fanout, offsets } = readIndex(path.replace(/pack$/, 'idx'));
  const entries = readStretches(path, offsets);
  const groups = new Map<string, SampledEntry[]>();
  const deltas = new Map<string, SampledDelta[]>();
  const resolved = new Map<number, Resolved>();
  let largestObject = 0;
  for (const [offset, { type, size, stream, baseOffset }] of entries) {
    if (size > maxObjectBytes) continue;
    const group = groupNames.get(type);
    if (group === undefined) continue;
    const listed = groups.get(group) ?? [];
    groups.set(group, listed);
    if (listed.length < maxEntries) {
      listed.push({ stream, size });
      largestObject = Math.max(largestObject, size);
    }
    const result = resolve(entries, resolved, offset);
    const base = type === packType.ofsDelta ? resolve(entries, resolved, baseOffset) : undefined;
    if (result === undefined || base === undefined) continue;
    const name = groupNames.get(result.type) ?? '';
    const found = deltas.get(name) ?? [];
    deltas.set(name, found);
    if (found.length < maxDeltas) {
      found.push({ base: base.content, delta: inflateSync(stream), result: result.content });
    }
  }
  return {
    path,
    groups: [...groups].map(([name, listed]) => ({ name, entries: listed })),
    largestObject,
    deltas,
    names,
    fanout,
  };
}

const groupNames = new Map<number, string>([
  [1, 'commits'],
  [2, 'trees'],
  [3, 'blobs'],
  [packType.ofsDelta, 'deltas'],
]);

function readIndex(path: string): { names: Uint8Array; fanout: Uint32Array; offsets: number[] } {
  const file = readFileSync(path);
  const fanout = Uint32Array.from({ length: 256 }, (_, byte) => file.readUInt32BE(8 + 4 * byte));
  const count = fanout[255] ?? 0;
  const namesAt = 8 + 1024;
  const offsetsAt = namesAt + 24 * count;
  const offsets = Array.from({ length: count }, (_, index) => file.readUInt32BE(offsetsAt + 4 * index));
  return {
    names: file.subarray(namesAt, namesAt + 20 * count),
    fanout,
    offsets: offsets.filter((offset) => offset < 2 ** 31).sort((left, right) => left - right),
  };
}

function readStretches(path: string, offsets: readonly number[]): Map<number, Stored> {
  const entries = new Map<number, Stored>();
  const header = new EntryHeader('sha1');
  const size = statSync(path).size;
  const file = openSync(path, 'r');
  for (let stretch = 0; stretch < stretches; stretch++) {
    const first = Math.floor((size * stretch) / stretches);
    const bytes = Buffer.alloc(Math.min(stretchBytes, size - first));
    readSync(file, bytes, 0, bytes.length, first);
    for (const [index, offset] of offsets.entries()) {
      const end = offsets[index + 1] ?? size - 20;
      if (offset < first || end > first + bytes.length) continue;
      header.decode(bytes, offset - first, bytes.length);
      entries.set(offset, {
        type: header.type,
        size: header.size,
        stream: bytes.subarray(offset - first + header.length, end - first),
        baseOffset: offset - header.baseDistance,
      });
    }
  }
  closeSync(file);
  return entries;
}

/** The object at an offset, when all its bases are in the sample. */
function resolve(
  entries: ReadonlyMap<number, Stored>,
  resolved: Map<number, Resolved>,
  offset: number,
): Resolved | undefined {
  const known = resolved.get(offset);
  const entry = entries.get(offset);
  if (known !== undefined || entry === undefined || entry.size > maxObjectBytes) return known;
  const content = inflateSync(entry.stream);
  let result: Resolved = { type: entry.type, content };
  if (entry.type > 4) {
    const base = entry.type === packType.ofsDelta ? resolve(entries, resolved, entry.baseOffset) : undefined;
    if (base === undefined) return undefined;
    const sizes = decodeDeltaSizes(content);
    result = { type: base.type, content: new Uint8Array(sizes.resultSize) };
    applyDelta(base.content, content, sizes, result.content);
  }
  resolved.set(offset, result);
  return result;
}
