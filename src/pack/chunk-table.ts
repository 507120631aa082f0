import type { GitMirrorError } from '../core/error.ts';
import type { ReadFile } from './read-file.ts';

const entryBytes = 12;

/** Where a chunk lies in its file. */
export interface Chunk {
  readonly offset: number;
  readonly size: number;
}

/**
 * The table of contents of a file made of chunks (gitformat-chunk): `count` chunks, the table beginning at `start`. Each
 * chunk lies between the table and the trailer of `trailerBytes`.
 *
 * @throws GitMirrorError `GM_CORRUPT` when they do not, or one is there twice.
 */
export function readChunkTable(
  file: ReadFile,
  start: number,
  count: number,
  trailerBytes: number,
): ReadonlyMap<string, Chunk> {
  const tableBytes = (count + 1) * entryBytes;
  const end = file.size - trailerBytes;
  if (start + tableBytes > end) throw file.corrupt('its table of contents is cut off');
  const table = Buffer.alloc(tableBytes);
  file.read(start, table, 0, tableBytes);
  const chunks = new Map<string, Chunk>();
  let last = start + tableBytes;
  for (let index = 0; index < count; index++) {
    const at = index * entryBytes;
    const id = table.toString('latin1', at, at + 4);
    const offset = readOffset(table, at + 4);
    const next = readOffset(table, at + entryBytes + 4);
    if (id === '\0\0\0\0' || chunks.has(id)) throw file.corrupt('its table of contents is wrong');
    if (offset < last || next < offset || next > end) throw file.corrupt('its chunks lie outside of it');
    chunks.set(id, { offset, size: next - offset });
    last = offset;
  }
  if (table.readUInt32BE(count * entryBytes) !== 0) throw file.corrupt('its table of contents has no end');
  return chunks;
}

/** A chunk that must be there, of `size` bytes. @throws GitMirrorError `GM_CORRUPT` */
export function requireChunk(file: ReadFile, chunks: ReadonlyMap<string, Chunk>, id: string, size?: number): Chunk {
  const chunk = chunks.get(id);
  if (chunk === undefined) throw missing(file, id);
  if (size !== undefined && chunk.size !== size) throw file.corrupt(`chunk ${id} is of the wrong size`);
  return chunk;
}

/** Beyond 2⁵³ it is no offset in any file. */
function readOffset(table: Buffer, at: number): number {
  return table.readUInt32BE(at) * 2 ** 32 + table.readUInt32BE(at + 4);
}

function missing(file: ReadFile, id: string): GitMirrorError {
  return file.corrupt(`chunk ${id} is missing`);
}
