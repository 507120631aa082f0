import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { GitMirrorError, isGitMirrorError } from '../core/error.ts';
import { isObjectId, type ObjectFormat } from '../core/object-id.ts';
import type { KernelMemory } from '../kernel/kernel-memory.ts';
import { MultiPackIndex } from '../pack/multi-pack-index.ts';
import { isMissing, ReadFile } from '../pack/read-file.ts';
import type { ListedPack, PackListing } from './pack-directory.ts';

/** A multi-pack-index and the packs it is of. */
export interface OpenedMultiPackIndex {
  readonly index: MultiPackIndex;
  /** In its order. */
  readonly packs: readonly ListedPack[];
  /** Without the ending: the file's bitmaps and reverse index are named for it. Undefined for a layer of a chain. */
  readonly extraPath: string | undefined;
}

/**
 * Opens the multi-pack-index of a folder, or all layers of a chain of them, the lowest first. The caller releases their
 * tables and closes their files. One that is damaged, or that names packs which are not there, is not used, nor are
 * layers above it; the packs' own indexes serve then.
 */
export function openMultiPackIndexes(
  listing: PackListing,
  format: ObjectFormat,
  memory: KernelMemory,
  problems: GitMirrorError[],
): readonly OpenedMultiPackIndex[] {
  const single = open(join(listing.folder, 'multi-pack-index'), listing, format, memory, problems);
  if (single !== undefined) {
    const checksum = Buffer.from(single.index.checksum).toString('hex');
    return [{ ...single, extraPath: join(listing.folder, `multi-pack-index-${checksum}`) }];
  }
  const folder = join(listing.folder, 'multi-pack-index.d');
  const layers: OpenedMultiPackIndex[] = [];
  for (const name of readChain(join(folder, 'multi-pack-index-chain'), format)) {
    const layer = open(join(folder, `multi-pack-index-${name}.midx`), listing, format, memory, problems);
    if (layer === undefined) break;
    layers.push({ ...layer, extraPath: undefined });
  }
  return layers;
}

function open(
  path: string,
  listing: PackListing,
  format: ObjectFormat,
  memory: KernelMemory,
  problems: GitMirrorError[],
): Omit<OpenedMultiPackIndex, 'extraPath'> | undefined {
  const file = ReadFile.open(path);
  if (file === undefined) return undefined;
  let index: MultiPackIndex | undefined;
  try {
    index = MultiPackIndex.read(file, format, memory);
    return { index, packs: findPacks(index, listing) };
  } catch (error) {
    file.close();
    if (index !== undefined) memory.release(index.table.fanout);
    if (!isGitMirrorError(error, 'GM_CORRUPT')) throw error;
    problems.push(error);
    return undefined;
  }
}

function findPacks(index: MultiPackIndex, listing: PackListing): readonly ListedPack[] {
  const listed = new Map(listing.packs.map((pack) => [basename(pack.indexPath), pack]));
  return index.indexNames.map((name) => {
    const pack = listed.get(name);
    if (pack === undefined) throw index.file.corrupt(`it names ${name}, which is not there`);
    return pack;
  });
}

/** Names of the layers, the lowest first. A line that is none ends the chain. */
function readChain(path: string, format: ObjectFormat): readonly string[] {
  let text: string;
  try {
    text = readFileSync(path, 'latin1');
  } catch (error) {
    if (isMissing(error)) return [];
    throw new GitMirrorError('GM_SYSTEM', `Reading ${basename(path)} failed.`, { cause: error });
  }
  const names = text.split('\n');
  const end = names.findIndex((name) => !isObjectId(name, format));
  return end < 0 ? names : names.slice(0, end);
}
