import { isGitMirrorError, type GitMirrorError } from '../core/error.ts';
import { rawLength, type ObjectFormat } from '../core/object-id.ts';
import type { Kernel, NameTable } from '../kernel/kernel.ts';
import { fanoutBytes } from '../pack/fanout.ts';
import type { PackFile } from '../pack/pack-file.ts';
import { readPackIndex, type PackIndex } from '../pack/pack-index.ts';
import { ReadFile } from '../pack/read-file.ts';
import { DatabasePack, noNumber, type PackNumbers } from './database-pack.ts';
import { mergeNames } from './merge-names.ts';
import { openMultiPackIndexes, type OpenedMultiPackIndex } from './multi-pack-indexes.ts';
import type { NameSource } from './name-source.ts';
import type { ListedPack, PackListing } from './pack-directory.ts';

/** Packs that are opened with the database, so that they stay readable; those beyond are opened when they are needed. */
const maxOpenedPacks = 200;

/** A multi-pack-index, and the numbers of its names by position: undefined when they are the positions. */
export interface NumberedMultiPackIndex extends OpenedMultiPackIndex {
  readonly numbers: Uint32Array | undefined;
}

/** The packs a database is opened with, and the names in them. */
export interface PackSet {
  readonly packs: readonly DatabasePack[];
  /** One, or two: the largest, and all others merged. Together they number the objects. */
  readonly sources: readonly NameSource[];
  readonly multiPackIndexes: readonly NumberedMultiPackIndex[];
  /** What is wrong with packs that had to be left out. */
  readonly problems: readonly GitMirrorError[];
  /** False when packs that were listed are gone: others have come in their place. */
  readonly isComplete: boolean;
}

/**
 * Reads the indexes of packs and opens the packs. What is damaged is left out, as git does. The caller releases the
 * tables' blocks and closes the packs, and the files of the multi-pack-indexes.
 */
export function openPackSet(
  kernel: Kernel,
  format: ObjectFormat,
  listings: readonly PackListing[],
  options: { readonly useMultiPackIndex: boolean },
): PackSet {
  const opening = new PackSetOpening(kernel, format);
  try {
    for (const listing of listings) opening.add(listing, options.useMultiPackIndex);
    return opening.finish();
  } catch (error) {
    opening.abandon();
    throw error;
  }
}

/** Names whose numbers are not known before all have been read. */
interface UnnumberedSource {
  readonly source: NameSource;
  readonly multiPackIndex: OpenedMultiPackIndex | undefined;
  numbers: Uint32Array | undefined;
}

class PackSetOpening {
  readonly #kernel: Kernel;
  readonly #format: ObjectFormat;
  readonly #problems: GitMirrorError[] = [];
  readonly #packs: DatabasePack[] = [];
  readonly #unnumbered: UnnumberedSource[] = [];
  #sources: readonly NameSource[] = [];
  #isComplete = true;

  constructor(kernel: Kernel, format: ObjectFormat) {
    this.#kernel = kernel;
    this.#format = format;
  }

  add(listing: PackListing, useMultiPackIndex: boolean): void {
    const covered = new Set<ListedPack>();
    if (useMultiPackIndex) {
      const opened = openMultiPackIndexes(listing, this.#format, this.#kernel.memory, this.#problems);
      for (const multiPackIndex of opened) {
        this.#addMultiPackIndex(multiPackIndex);
        for (const pack of multiPackIndex.packs) covered.add(pack);
      }
    }
    for (const listed of listing.packs) {
      if (!covered.has(listed)) this.#addPack(listed);
    }
  }

  finish(): PackSet {
    for (const pack of this.#packs.slice(0, maxOpenedPacks)) this.#openNow(pack);
    const largest = this.#unnumbered.reduce<UnnumberedSource | undefined>(
      (best, other) => (best !== undefined && best.source.table.count >= other.source.table.count ? best : other),
      undefined,
    );
    if (largest === undefined) {
      this.#sources = [emptySource(this.#kernel)];
    } else {
      const rest = this.#unnumbered.filter((other) => other !== largest);
      this.#sources = rest.length === 0 ? [largest.source] : [largest.source, this.#merge(largest, rest)];
    }
    return {
      packs: this.#packs,
      isComplete: this.#isComplete,
      sources: this.#sources,
      problems: this.#problems,
      multiPackIndexes: this.#unnumbered.flatMap(({ multiPackIndex, numbers }) =>
        multiPackIndex === undefined ? [] : [{ ...multiPackIndex, numbers }],
      ),
    };
  }

  /** Releases what has been opened so far. */
  abandon(): void {
    for (const pack of this.#packs) pack.close();
    for (const { source, multiPackIndex } of this.#unnumbered) {
      this.#kernel.memory.release(source.table.fanout);
      multiPackIndex?.index.file.close();
    }
  }

  #addMultiPackIndex(multiPackIndex: OpenedMultiPackIndex): void {
    const { index, packs } = multiPackIndex;
    const first = this.#packs.length;
    for (const listed of packs) {
      this.#packs.push(new DatabasePack(listed, this.#format, undefined, (pack) => this.#readNumbers(pack)));
    }
    const source: NameSource = {
      table: index.table,
      // Beyond its own packs lie those of others.
      packOf: (position) => (index.packOf(position) < packs.length ? first + index.packOf(position) : -1),
      offsetOf: (position) => index.offsetOf(position),
    };
    this.#unnumbered.push({ source, multiPackIndex, numbers: undefined });
  }

  #addPack(listed: ListedPack): void {
    const index = this.#readIndex(listed.indexPath);
    if (index === undefined) return;
    const { table, offsets, packChecksum } = index;
    const position = this.#packs.length;
    const source: NameSource = { table, packOf: () => position, offsetOf: (at) => offsets.at(at) };
    const unnumbered: UnnumberedSource = { source, multiPackIndex: undefined, numbers: undefined };
    const identity = { objectCount: table.count, packChecksum };
    const numbers = (): PackNumbers => ({ offsets, numbers: unnumbered.numbers });
    this.#packs.push(new DatabasePack(listed, this.#format, identity, numbers));
    this.#unnumbered.push(unnumbered);
  }

  #readIndex(path: string): PackIndex | undefined {
    const file = ReadFile.open(path);
    if (file === undefined) {
      this.#isComplete = false;
      return undefined;
    }
    try {
      return readPackIndex(file, this.#format, this.#kernel.memory);
    } catch (error) {
      if (!isGitMirrorError(error, 'GM_CORRUPT')) throw error;
      this.#problems.push(error);
      return undefined;
    } finally {
      file.close();
    }
  }

  #openNow(pack: DatabasePack): void {
    try {
      if (!pack.open()) this.#isComplete = false;
    } catch (error) {
      // Said again by whoever needs an object of this pack.
      if (!isGitMirrorError(error, 'GM_CORRUPT')) throw error;
      this.#problems.push(error);
    }
  }

  #merge(largest: UnnumberedSource, rest: readonly UnnumberedSource[]): NameSource {
    const sources = rest.map(({ source }) => source);
    const merged = mergeNames(this.#kernel, rawLength(this.#format), largest.source, sources);
    for (const [index, unnumbered] of rest.entries()) {
      unnumbered.numbers = merged.numbers[index];
      this.#kernel.memory.release(unnumbered.source.table.fanout);
    }
    return merged.source;
  }

  /** Numbers of the objects of a pack whose own index has not been needed so far. */
  #readNumbers(pack: DatabasePack): PackNumbers {
    const { memory } = this.#kernel;
    const { table, offsets } = readPackIndex(pack.indexFile, this.#format, memory);
    const raw = rawLength(this.#format);
    const numbers = new Uint32Array(table.count);
    for (let position = 0; position < table.count; position++) {
      numbers[position] = this.#numberOf(table.names + position * raw, raw);
    }
    memory.release(table.fanout);
    return { offsets, numbers };
  }

  #numberOf(address: number, raw: number): number {
    let base = 0;
    for (const { table } of this.#sources) {
      const position = this.#kernel.findName(table, raw, address);
      if (position >= 0) return base + position;
      base += table.count;
    }
    return noNumber;
  }
}

/** Releases what {@link openPackSet} has opened. Returns the packs' files, for caches to forget. */
export function closePackSet(set: PackSet, packs: readonly DatabasePack[], kernel: Kernel): readonly PackFile[] {
  const files = packs.map((pack) => pack.close());
  for (const { table } of set.sources) kernel.memory.release(table.fanout);
  for (const { index } of set.multiPackIndexes) index.file.close();
  return files.filter((file) => file !== undefined);
}

function emptySource(kernel: Kernel): NameSource {
  const fanout = kernel.memory.allocate(fanoutBytes);
  kernel.memory.view(fanout, fanoutBytes).fill(0);
  const table: NameTable = { fanout, names: fanout + fanoutBytes, count: 0 };
  return { table, packOf: () => 0, offsetOf: () => -1 };
}
