import { GitMirrorError } from '../core/error.ts';
import { packType } from '../objects/object-type.ts';
import { TimeSlice } from '../pack/time-slice.ts';
import type { StoredPack } from '../repository/object-database.ts';
import { packWay, type PackPlan } from './pack-plan.ts';
import type { PackRequest } from './pack-request.ts';

const pieceBytes = 256 * 1024;
const headerBytes = 12;

/**
 * The pack that a selection is the whole of, by what the bitmaps say: undefined when that is not known. Nothing is read.
 */
export function findWholePackByBitmaps({ objects, selection, settings }: PackRequest): StoredPack | undefined {
  const { bitmaps } = objects;
  if (!settings.allowPackReuse || bitmaps === undefined) return undefined;
  const pack = objects.packs[bitmaps.pack];
  if (pack?.objectCount !== selection.count || bitmaps.bitCount !== selection.count || pack.version !== 2)
    return undefined;
  // Numbers are selected once each, so as many bits as there are objects are all bits.
  for (let index = 0; index < selection.count; index++) {
    if (bitmaps.bitOfNumber(selection.numbers[index] ?? 0) < 0) return undefined;
  }
  return pack;
}

/** The pack that a plan copies all objects of, and nothing else. */
export function findWholePackByPlan(
  plan: PackPlan,
  { objects, settings, ofsDelta }: PackRequest,
): StoredPack | undefined {
  const { count, packs, ways, storedTypes } = plan;
  const [first] = packs;
  if (!settings.allowPackReuse || first === undefined || first < 0) return undefined;
  const pack = objects.packs[first];
  if (pack?.objectCount !== count || pack.version !== 2) return undefined;
  for (let index = 0; index < count; index++) {
    if (packs[index] !== first) return undefined;
    if (!ofsDelta && storedTypes[index] === packType.ofsDelta) return undefined;
  }
  return ways.every((way) => way === packWay.copied) ? pack : undefined;
}

/**
 * Sends a pack file as it lies, its own trailer included, which is right for all of it: nothing is hashed. Returns how
 * many bytes that were.
 *
 * @throws GitMirrorError `GM_CORRUPT` when the header of the file does not say version 2 and `objectCount`.
 */
export async function sendWholePack(pack: StoredPack, { sink, signal, onProgress }: PackRequest): Promise<number> {
  const slice = new TimeSlice(signal);
  const buffer = Buffer.alloc(Math.min(pieceBytes, pack.size));
  const total = pack.objectCount;
  for (let offset = 0; offset < pack.size; offset += buffer.length) {
    const piece = buffer.subarray(0, Math.min(buffer.length, pack.size - offset));
    pack.read(offset, piece, 0, piece.length);
    if (offset === 0) checkHeader(piece, pack);
    const backlog = sink.write(piece);
    if (backlog !== undefined) await backlog;
    if (slice.isOver(offset)) {
      onProgress({ phase: 'writing', done: Math.floor((total * offset) / pack.size), total });
      await slice.pause();
    }
  }
  onProgress({ phase: 'writing', done: total, total });
  return pack.size;
}

function checkHeader(bytes: Buffer, pack: StoredPack): void {
  if (
    bytes.length < headerBytes ||
    bytes.toString('latin1', 0, 4) !== 'PACK' ||
    bytes.readUInt32BE(4) !== 2 ||
    bytes.readUInt32BE(8) !== pack.objectCount
  ) {
    throw new GitMirrorError('GM_CORRUPT', 'Sending a pack: its header is not what it was.');
  }
}
