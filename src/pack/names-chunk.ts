import type { KernelMemory } from '../kernel/kernel-memory.ts';
import type { NameTable } from '../kernel/kernel.ts';
import { requireChunk, type Chunk } from './chunk-table.ts';
import { fanoutBytes, prepareFanout } from './fanout.ts';
import type { ReadFile } from './read-file.ts';

/**
 * Reads the chunks OIDF and OIDL into a block of kernel memory that begins at `fanout`: the owner releases it.
 *
 * @throws GitMirrorError `GM_CORRUPT` when they do not fit each other.
 */
export function readNamesChunks(
  file: ReadFile,
  chunks: ReadonlyMap<string, Chunk>,
  rawLength: number,
  memory: KernelMemory,
): NameTable {
  const fanoutChunk = requireChunk(file, chunks, 'OIDF', fanoutBytes);
  const namesChunk = requireChunk(file, chunks, 'OIDL');
  const fanout = memory.allocate(fanoutBytes + namesChunk.size);
  try {
    file.read(fanoutChunk.offset, memory.bytes, fanout, fanoutBytes);
    const count = prepareFanout(memory, fanout);
    if (count < 0) throw file.corrupt('its table does not ascend');
    if (namesChunk.size !== count * rawLength) throw file.corrupt('chunk OIDL is of the wrong size');
    const names = fanout + fanoutBytes;
    file.read(namesChunk.offset, memory.bytes, names, namesChunk.size);
    return { fanout, names, count };
  } catch (error) {
    memory.release(fanout);
    throw error;
  }
}
