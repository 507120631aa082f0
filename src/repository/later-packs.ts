import { isGitMirrorError } from '../core/error.ts';
import { rawLength, type ObjectFormat } from '../core/object-id.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { readPackIndex, type PackIndex } from '../pack/pack-index.ts';
import { ReadFile } from '../pack/read-file.ts';
import { DatabasePack } from './database-pack.ts';
import type { ObjectNumber } from './object-number.ts';
import { isOutdated, listPacks, type ListedPack, type PackListing } from './pack-directory.ts';

/** Where an entry lies. */
export interface PackPlace {
  readonly pack: DatabasePack;
  readonly offset: number;
}

/** Packs that came after the database was opened. Looked into, newest first, only for what is not found otherwise. */
export class LaterPacks {
  readonly #kernel: Kernel;
  readonly #format: ObjectFormat;
  readonly #directories: readonly string[];
  /** What each folder was like when it was last listed. */
  readonly #listings: PackListing[];
  /** All packs of the database: those that are found here are added. */
  readonly #packs: DatabasePack[];
  readonly #known: Set<string>;
  readonly #numberFor: (address: number) => ObjectNumber;
  readonly #later: { readonly pack: DatabasePack; readonly index: PackIndex }[] = [];

  constructor(
    kernel: Kernel,
    format: ObjectFormat,
    directories: readonly string[],
    listings: readonly PackListing[],
    packs: DatabasePack[],
    numberFor: (address: number) => ObjectNumber,
  ) {
    this.#kernel = kernel;
    this.#format = format;
    this.#directories = directories;
    this.#listings = [...listings];
    this.#packs = packs;
    this.#numberFor = numberFor;
    this.#known = new Set(listings.flatMap((listing) => listing.packs.map(({ path }) => path)));
  }

  /** Where the object with the raw name at `address` is. Lists the folders again if they have changed. */
  find(address: number): PackPlace | undefined {
    this.#refresh();
    for (const { pack, index } of this.#later) {
      const position = this.#kernel.findName(index.table, rawLength(this.#format), address);
      if (position >= 0) return { pack, offset: index.offsets.at(position) };
    }
    return undefined;
  }

  close(): void {
    for (const { index } of this.#later) this.#kernel.memory.release(index.table.fanout);
    this.#later.length = 0;
  }

  #refresh(): void {
    for (const [at, directory] of this.#directories.entries()) {
      const before = this.#listings[at];
      if (before !== undefined && !isOutdated(before)) continue;
      const listing = listPacks(directory);
      this.#listings[at] = listing;
      for (const listed of listing.packs.toReversed()) {
        if (!this.#known.has(listed.path)) this.#add(listed);
      }
    }
  }

  #add(listed: ListedPack): void {
    this.#known.add(listed.path);
    const file = ReadFile.open(listed.indexPath);
    if (file === undefined) return;
    try {
      const index = readPackIndex(file, this.#format, this.#kernel.memory);
      const { offsets, packChecksum, table } = index;
      const identity = { objectCount: table.count, packChecksum };
      const pack = new DatabasePack(listed, this.#format, identity, () => ({
        offsets,
        numbers: this.#numbersOf(index),
      }));
      if (!pack.open()) {
        this.#kernel.memory.release(table.fanout);
        return;
      }
      this.#packs.push(pack);
      this.#later.unshift({ pack, index });
    } catch (error) {
      // Left out, as git does: the object is not found in it then.
      if (!isGitMirrorError(error, 'GM_CORRUPT')) throw error;
    } finally {
      file.close();
    }
  }

  #numbersOf({ table }: PackIndex): Uint32Array {
    const raw = rawLength(this.#format);
    return Uint32Array.from({ length: table.count }, (_, position) => this.#numberFor(table.names + position * raw));
  }
}
