import type { GitMirrorError } from '../core/error.ts';
import { isGitMirrorError } from '../core/error.ts';
import type { ObjectFormat } from '../core/object-id.ts';
import { rawLength } from '../core/object-id.ts';
import type { Kernel, NameTable } from '../kernel/kernel.ts';
import { fanoutBytes } from '../pack/fanout.ts';
import { readPackIndex } from '../pack/pack-index.ts';
import { ReadFile } from '../pack/read-file.ts';
import { DatabasePack, type PackNumbers } from './database-pack.ts';
import { mergeNames } from './merge-names.ts';
import type { NameSource } from './name-source.ts';
import type { ListedPack } from './pack-directory.ts';

/** Packs that are opened with the database, so that they stay readable; those beyond are opened when they are needed. */
const maxOpenedPacks = 200;

/** The packs a database is opened with, and the names in them. */
export interface PackSet {
  readonly packs: readonly DatabasePack[];
  /** One, or two: the largest, and all others merged. Together they number the objects. */
  readonly sources: readonly NameSource[];
  /** What is wrong with packs that had to be left out. */
  readonly problems: readonly GitMirrorError[];
}

/** A pack whose index has been read. */
interface IndexedPack {
  readonly pack: DatabasePack;
  readonly source: NameSource;
}

/**
 * Reads the indexes of packs and opens the packs. What is damaged is left out, as git does. The caller releases the
 * tables' blocks and closes the packs.
 */
export function openPackSet(kernel: Kernel, format: ObjectFormat, listed: readonly ListedPack[]): PackSet {
  const problems: GitMirrorError[] = [];
  const numbers = new Map<DatabasePack, PackNumbers>();
  const indexed: IndexedPack[] = [];
  for (const { path, indexPath } of listed) {
    const index = readIndex(kernel, format, indexPath, problems);
    if (index === undefined) continue;
    const { table, offsets, packChecksum } = index;
    const position = indexed.length;
    const identity = { objectCount: table.count, packChecksum };
    const pack = new DatabasePack(
      path,
      format,
      identity,
      (asked) => numbers.get(asked) ?? { offsets, numbers: undefined },
    );
    numbers.set(pack, { offsets, numbers: undefined });
    indexed.push({ pack, source: { table, packOf: () => position, offsetOf: (at) => offsets.at(at) } });
  }
  for (const { pack } of indexed.slice(0, maxOpenedPacks)) openNow(pack, problems);

  const packs = indexed.map(({ pack }) => pack);
  const largest = indexed.reduce<IndexedPack | undefined>(
    (best, other) => (best !== undefined && best.source.table.count >= other.source.table.count ? best : other),
    undefined,
  );
  if (largest === undefined) return { packs, sources: [emptySource(kernel)], problems };
  const rest = indexed.filter((other) => other !== largest);
  if (rest.length === 0) return { packs, sources: [largest.source], problems };
  const merged = mergeNames(
    kernel,
    rawLength(format),
    largest.source,
    rest.map(({ source }) => source),
  );
  for (const [index, { pack, source }] of rest.entries()) {
    const known = numbers.get(pack);
    if (known !== undefined) numbers.set(pack, { offsets: known.offsets, numbers: merged.numbers[index] });
    kernel.memory.release(source.table.fanout);
  }
  return { packs, sources: [largest.source, merged.source], problems };
}

function readIndex(
  kernel: Kernel,
  format: ObjectFormat,
  path: string,
  problems: GitMirrorError[],
): ReturnType<typeof readPackIndex> | undefined {
  const file = ReadFile.open(path);
  if (file === undefined) return undefined;
  try {
    return readPackIndex(file, format, kernel.memory);
  } catch (error) {
    if (!isGitMirrorError(error, 'GM_CORRUPT')) throw error;
    problems.push(error);
    return undefined;
  } finally {
    file.close();
  }
}

function openNow(pack: DatabasePack, problems: GitMirrorError[]): void {
  try {
    pack.open();
  } catch (error) {
    // Said again by whoever needs an object of this pack.
    if (!isGitMirrorError(error, 'GM_CORRUPT')) throw error;
    problems.push(error);
  }
}

function emptySource(kernel: Kernel): NameSource {
  const fanout = kernel.memory.allocate(fanoutBytes);
  kernel.memory.view(fanout, fanoutBytes).fill(0);
  const table: NameTable = { fanout, names: fanout + fanoutBytes, count: 0 };
  return { table, packOf: () => 0, offsetOf: () => -1 };
}
