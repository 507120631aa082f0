import { isGitMirrorError } from '../../core/error.ts';
import type { ObjectFormat } from '../../core/object-id.ts';
import { BitmapFile } from '../../pack/bitmap-file.ts';
import { ReadFile } from '../../pack/read-file.ts';
import type { DatabasePack } from '../database-pack.ts';
import type { NumberedMultiPackIndex } from '../pack-set.ts';
import { FileBitmaps } from './file-bitmaps.ts';

/** What bitmaps are looked for with. */
export interface BitmapOptions {
  readonly format: ObjectFormat;
  readonly packs: readonly DatabasePack[];
  readonly multiPackIndexes: readonly NumberedMultiPackIndex[];
  /** All numbers of packed objects are below this. */
  readonly packedCount: number;
}

/**
 * Opens the bitmaps of the first multi-pack-index that has some, else those of the first pack. Undefined when there are
 * none; those that are damaged are passed over, as git does. The caller closes the result.
 */
export function openBitmaps(options: BitmapOptions): FileBitmaps | undefined {
  for (const multiPackIndex of options.multiPackIndexes) {
    const bitmaps = orUndefined(() => openOfMultiPackIndex(multiPackIndex, options));
    if (bitmaps !== undefined) return bitmaps;
  }
  for (const [index, pack] of options.packs.entries()) {
    const bitmaps = orUndefined(() => openOfPack(pack, index, options));
    if (bitmaps !== undefined) return bitmaps;
  }
  return undefined;
}

function openOfMultiPackIndex(
  { index, extraPath, numbers }: NumberedMultiPackIndex,
  { format, packedCount }: BitmapOptions,
): FileBitmaps | undefined {
  const file = extraPath === undefined ? undefined : ReadFile.open(`${extraPath}.bitmap`);
  if (file === undefined || extraPath === undefined) return undefined;
  return closingOnError(file, () => {
    const { count } = index.table;
    const order = index.readOrder(() => ReadFile.open(`${extraPath}.rev`));
    if (order === undefined) throw file.corrupt('the reverse index that it needs is missing');
    if (order.some((position) => position >= count)) throw file.corrupt('its reverse index leads out of it');
    const numberAtPosition = (position: number): number =>
      numbers === undefined ? position : (numbers[position] ?? -1);
    return new FileBitmaps(new BitmapFile(file, format, count, index.checksum), {
      pack: -1,
      numbers: numbers === undefined ? order : order.map(numberAtPosition),
      positions: order,
      numberAtPosition,
      numberLimit: packedCount,
    });
  });
}

function openOfPack(
  pack: DatabasePack,
  index: number,
  { format, packedCount }: BitmapOptions,
): FileBitmaps | undefined {
  const file = ReadFile.open(pack.path.replace(/\.pack$/, '.bitmap'));
  if (file === undefined) return undefined;
  return closingOnError(file, () => {
    const bitmapFile = new BitmapFile(file, format, pack.objectCount, pack.checksum);
    return new FileBitmaps(bitmapFile, {
      pack: index,
      numbers: pack.numbersInOrder,
      positions: pack.reverse.positions,
      numberAtPosition: (position) => pack.numberAtPosition(position),
      numberLimit: packedCount,
    });
  });
}

function closingOnError<Result>(file: ReadFile, action: () => Result): Result {
  try {
    return action();
  } catch (error) {
    file.close();
    throw error;
  }
}

/** Undefined for what is damaged, or gone meanwhile. */
function orUndefined<Result>(action: () => Result | undefined): Result | undefined {
  try {
    return action();
  } catch (error) {
    if (isGitMirrorError(error, 'GM_CORRUPT') || isGitMirrorError(error, 'GM_NOT_FOUND')) return undefined;
    throw error;
  }
}
