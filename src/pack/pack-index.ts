import { limits } from '../core/limits.ts';
import { GitMirrorError } from '../core/error.ts';
import { rawLength, type ObjectFormat } from '../core/object-id.ts';
import type { KernelMemory } from '../kernel/kernel-memory.ts';
import type { NameTable } from '../kernel/kernel.ts';
import { fanoutBytes, prepareFanout } from './fanout.ts';
import { decodeLargeOffsets, PackOffsets, wordsFromBigEndian } from './pack-offsets.ts';
import type { ReadFile } from './read-file.ts';

const version2Signature = 0xff74_4f63;
const version1ChunkEntries = 16_384;

/** A pack's index. Its names are in kernel memory, in the block that begins at `table.fanout`: the owner releases it. */
export interface PackIndex {
  readonly table: NameTable;
  readonly offsets: PackOffsets;
  /** Trailer of the pack that this is the index of. */
  readonly packChecksum: Uint8Array;
}

/**
 * Reads a `.idx` file, version 1 or 2 (gitformat-pack, "pack-*.idx files"), its names straight into kernel memory. Like
 * git, it checks the file's size against its table, but not its checksum, nor that the names ascend.
 *
 * @throws GitMirrorError `GM_CORRUPT` when it is no index; `GM_LIMIT` over `limits.maxPackIndexBytes` or when kernel
 * memory does not hold its names.
 */
export function readPackIndex(file: ReadFile, format: ObjectFormat, memory: KernelMemory): PackIndex {
  const raw = rawLength(format);
  if (file.size > limits.maxPackIndexBytes) {
    throw new GitMirrorError('GM_LIMIT', `Reading ${file.name}: over ${limits.maxPackIndexBytes} bytes.`, {
      details: { limit: 'maxPackIndexBytes', file: file.name },
    });
  }
  if (file.size < fanoutBytes + 2 * raw) throw file.corrupt('it is too short for an index');
  const head = Buffer.alloc(8);
  file.read(0, head, 0, 8);
  const isVersion2 = head.readUInt32BE(0) === version2Signature;
  if (isVersion2 && head.readUInt32BE(4) !== 2) throw file.corrupt('the version of the index is unknown');
  const packChecksum = new Uint8Array(raw);
  file.read(file.size - 2 * raw, packChecksum, 0, raw);
  return { ...(isVersion2 ? readVersion2(file, raw, memory) : readVersion1(file, raw, memory)), packChecksum };
}

type NamesAndOffsets = Pick<PackIndex, 'table' | 'offsets'>;

function readVersion2(file: ReadFile, raw: number, memory: KernelMemory): NamesAndOffsets {
  const { count, block } = readFanout(file, 8, raw, memory);
  try {
    const namesEnd = 8 + fanoutBytes + count * raw;
    // Behind the names: a checksum and an offset each, then 8 bytes for each offset beyond 31 bits.
    const largeBytes = file.size - (namesEnd + count * 8 + 2 * raw);
    if (largeBytes < 0 || largeBytes % 8 !== 0 || largeBytes / 8 > count) throw wrongSize(file);
    const names = block + fanoutBytes;
    file.read(8 + fanoutBytes, memory.bytes, names, count * raw);
    const words = new Uint32Array(count);
    const bytes = new Uint8Array(words.buffer);
    file.read(namesEnd + count * 4, bytes, 0, bytes.length);
    wordsFromBigEndian(bytes);
    const large = new Uint8Array(largeBytes);
    file.read(namesEnd + count * 8, large, 0, largeBytes);
    return {
      table: { fanout: block, names, count },
      offsets: new PackOffsets(words, decodeLargeOffsets(large)),
    };
  } catch (error) {
    memory.release(block);
    throw error;
  }
}

/** Version 1 holds offset and name of each entry together. Its offsets have 32 bits. */
function readVersion1(file: ReadFile, raw: number, memory: KernelMemory): NamesAndOffsets {
  const { count, block } = readFanout(file, 0, raw, memory);
  try {
    const step = raw + 4;
    if (file.size !== fanoutBytes + count * step + 2 * raw) throw wrongSize(file);
    const names = block + fanoutBytes;
    const words = new Uint32Array(count);
    const large: number[] = [];
    const chunk = Buffer.alloc(Math.min(count, version1ChunkEntries) * step);
    for (let first = 0; first < count; first += version1ChunkEntries) {
      const length = Math.min(version1ChunkEntries, count - first);
      file.read(fanoutBytes + first * step, chunk, 0, length * step);
      for (let index = 0; index < length; index++) {
        const offset = chunk.readUInt32BE(index * step);
        words[first + index] = offset < 0x8000_0000 ? offset : 0x8000_0000 + large.push(offset) - 1;
        chunk.copy(memory.bytes, names + (first + index) * raw, index * step + 4, (index + 1) * step);
      }
    }
    return {
      table: { fanout: block, names, count },
      offsets: new PackOffsets(words, Float64Array.from(large)),
    };
  } catch (error) {
    memory.release(block);
    throw error;
  }
}

/** Makes a block with the fan-out in front and room for the names behind it. */
function readFanout(file: ReadFile, at: number, raw: number, memory: KernelMemory): { count: number; block: number } {
  const last = Buffer.alloc(4);
  file.read(at + fanoutBytes - 4, last, 0, 4);
  const stated = last.readUInt32BE(0);
  if (stated * raw > file.size) throw wrongSize(file);
  const block = memory.allocate(fanoutBytes + stated * raw);
  try {
    file.read(at, memory.bytes, block, fanoutBytes);
    const count = prepareFanout(memory, block);
    if (count !== stated) throw file.corrupt('its table does not ascend');
    return { count, block };
  } catch (error) {
    memory.release(block);
    throw error;
  }
}

function wrongSize(file: ReadFile): GitMirrorError {
  return file.corrupt('its size does not fit its objects');
}
