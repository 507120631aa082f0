import { rawLength, type ObjectFormat } from '../../core/object-id.ts';
import type { KernelMemory } from '../../kernel/kernel-memory.ts';
import type { NameTable } from '../../kernel/kernel.ts';
import { readChunkTable, requireChunk, type Chunk } from '../../pack/chunk-table.ts';
import { readNamesChunks } from '../../pack/names-chunk.ts';
import { wordsFromBigEndian } from '../../pack/pack-offsets.ts';
import type { ReadFile } from '../../pack/read-file.ts';

const signature = 0x4347_5048;
const headerBytes = 8;
/** Behind the name of a commit's tree: two parents, its level and its time. */
const fieldBytes = 16;
const noParent = 0x7000_0000;
const extraEdges = 0x8000_0000;
const overflowFlag = 0x8000_0000;

/** In place of a parent's position. */
export const noPosition = -1;

/** One commit-graph file. Positions count over all layers of a chain, this one's commits from `firstPosition` on. */
export interface CommitGraphLayer {
  readonly firstPosition: number;
  /** In a block of kernel memory that begins at `table.fanout`: the owner releases it. */
  readonly table: NameTable;
  /** Data of the commits as in the file, `commitBytes` each, the raw name of the tree in front. */
  readonly data: Uint8Array;
  readonly commitBytes: number;
  /** First parent of each commit, or {@link noPosition}. */
  readonly firstParents: Int32Array;
  /** Second parent of each commit, {@link noPosition}, or -2 minus the place of the list in `edges`. */
  readonly secondParents: Int32Array;
  /** Parents from the second on, of commits that have more than two; the last of each list plus 2³¹. */
  readonly edges: Uint32Array;
  readonly times: Float64Array;
  /** Topological levels. */
  readonly levels: Uint32Array;
  /** Corrected commit dates; undefined when the file has none. */
  readonly dates: Float64Array | undefined;
  /** Names of the layers below, the lowest first. */
  readonly baseNames: readonly string[];
}

/**
 * Reads a commit-graph file (gitformat-commit-graph). Checked is all that could lead outside of it; its checksum is not,
 * as git does not either.
 *
 * @param firstPosition - commits in the layers below.
 * @throws GitMirrorError `GM_CORRUPT` when it is none, or one of another version or format.
 */
export function readCommitGraphLayer(
  file: ReadFile,
  format: ObjectFormat,
  memory: KernelMemory,
  firstPosition: number,
): CommitGraphLayer {
  const raw = rawLength(format);
  if (file.size < headerBytes + raw) throw file.corrupt('it is too short for a commit-graph');
  const head = read(file, 0, headerBytes);
  if (head.readUInt32BE(0) !== signature || head.readUInt8(4) !== 1) {
    throw file.corrupt('it is no commit-graph of a known version');
  }
  if (head.readUInt8(5) !== (format === 'sha1' ? 1 : 2)) throw file.corrupt('it is for another object format');
  const chunks = readChunkTable(file, headerBytes, head.readUInt8(6), raw);
  const table = readNamesChunks(file, chunks, raw, memory);
  try {
    return { firstPosition, table, ...decodeCommits(file, chunks, raw, table.count, firstPosition) };
  } catch (error) {
    memory.release(table.fanout);
    throw error;
  }
}

type CommitFields = Omit<CommitGraphLayer, 'firstPosition' | 'table'>;

function decodeCommits(
  file: ReadFile,
  chunks: ReadonlyMap<string, Chunk>,
  raw: number,
  count: number,
  firstPosition: number,
): CommitFields {
  const commitBytes = raw + fieldBytes;
  const dataChunk = requireChunk(file, chunks, 'CDAT', count * commitBytes);
  const data = read(file, dataChunk.offset, dataChunk.size);
  const edges = decodeEdges(file, chunks.get('EDGE'), firstPosition + count);
  // Names of trees take whole words too; only the words behind them are looked at.
  const words = new Uint32Array(count * (commitBytes / 4));
  new Uint8Array(words.buffer).set(data);
  wordsFromBigEndian(new Uint8Array(words.buffer));
  const fields = {
    data,
    commitBytes,
    firstParents: new Int32Array(count),
    secondParents: new Int32Array(count),
    edges,
    times: new Float64Array(count),
    levels: new Uint32Array(count),
  };
  const limit = firstPosition + count;
  for (let index = 0; index < count; index++) {
    const at = (index * commitBytes + raw) / 4;
    const first = words[at] ?? noParent;
    const second = words[at + 1] ?? noParent;
    const level = words[at + 2] ?? 0;
    fields.firstParents[index] = first === noParent ? noPosition : first;
    fields.secondParents[index] =
      second === noParent ? noPosition : second < extraEdges ? second : extraEdges - second - 2;
    const isParentOutside =
      (first !== noParent && first >= limit) || (second < extraEdges && second !== noParent && second >= limit);
    if (isParentOutside || (second >= extraEdges && second - extraEdges >= edges.length)) {
      throw file.corrupt('a commit has a parent that is not in it');
    }
    // Written by very old versions of git: then the levels say nothing.
    if (level >>> 2 === 0) throw file.corrupt('its commits have no levels');
    fields.levels[index] = level >>> 2;
    fields.times[index] = (level & 3) * 2 ** 32 + (words[at + 3] ?? 0);
  }
  return {
    ...fields,
    dates: decodeDates(file, chunks, fields.times),
    baseNames: decodeBaseNames(file, chunks.get('BASE'), raw),
  };
}

/** Each list of further parents must end, and lead to commits below `limit`. */
function decodeEdges(file: ReadFile, chunk: Chunk | undefined, limit: number): Uint32Array {
  if (chunk === undefined) return new Uint32Array(0);
  const bytes = read(file, chunk.offset, chunk.size);
  const edges = new Uint32Array(Math.floor(chunk.size / 4));
  for (let index = 0; index < edges.length; index++) {
    const edge = bytes.readUInt32BE(index * 4);
    if ((edge & 0x7fff_ffff) >= limit) throw file.corrupt('a commit has a parent that is not in it');
    edges[index] = edge;
  }
  if (edges.length > 0 && (edges.at(-1) ?? 0) < extraEdges) throw file.corrupt('a list of parents has no end');
  return edges;
}

function decodeDates(
  file: ReadFile,
  chunks: ReadonlyMap<string, Chunk>,
  times: Float64Array,
): Float64Array | undefined {
  const chunk = chunks.get('GDA2');
  if (chunk === undefined) return undefined;
  if (chunk.size !== times.length * 4) throw file.corrupt('chunk GDA2 is of the wrong size');
  const offsets = read(file, chunk.offset, chunk.size);
  const largeChunk = chunks.get('GDO2');
  const large = largeChunk === undefined ? Buffer.alloc(0) : read(file, largeChunk.offset, largeChunk.size);
  const dates = new Float64Array(times.length);
  for (let index = 0; index < dates.length; index++) {
    const offset = offsets.readUInt32BE(index * 4);
    if (offset < overflowFlag) {
      dates[index] = (times[index] ?? 0) + offset;
      continue;
    }
    const at = (offset - overflowFlag) * 8;
    if (at + 8 > large.length) throw file.corrupt('a corrected date lies outside of it');
    dates[index] = (times[index] ?? 0) + large.readUInt32BE(at) * 2 ** 32 + large.readUInt32BE(at + 4);
  }
  return dates;
}

function decodeBaseNames(file: ReadFile, chunk: Chunk | undefined, raw: number): readonly string[] {
  if (chunk === undefined) return [];
  const bytes = read(file, chunk.offset, chunk.size);
  const names: string[] = [];
  for (let at = 0; at + raw <= bytes.length; at += raw) names.push(bytes.toString('hex', at, at + raw));
  return names;
}

function read(file: ReadFile, offset: number, size: number): Buffer {
  const bytes = Buffer.allocUnsafeSlow(size);
  file.read(offset, bytes, 0, size);
  return bytes;
}
