import { GitMirrorError } from '../core/error.ts';
import { limits } from '../core/limits.ts';
import { decodeObjectId, rawLength, type ObjectFormat, type ObjectId } from '../core/object-id.ts';
import { CommitScanner } from '../objects/commit.ts';
import { parseTag } from '../objects/tag.ts';
import { TreeScanner } from '../objects/tree.ts';
import { DumbPacks } from './dumb-packs.ts';
import { readText, type DumbSource } from './dumb-refs.ts';
import { GrowableInt32 } from './growable-array.ts';
import type { ObjectStore } from './object-store.ts';
import { TimeSlice } from './time-slice.ts';

/** Loose objects asked for at the same time. */
const parallelRequests = 8;
/** Alternates of alternates that are followed, as in git. */
const maxAlternateDepth = 5;

/** How objects are fetched from a static server. */
export interface FetchDumbOptions {
  readonly format: ObjectFormat;
  /** An existing folder for the temporary files of pack indexes. Default: the system's folder for temporary files. */
  readonly dir?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called now and then with the number of objects in the store. */
  readonly onProgress?: ((objects: number) => void) | undefined;
}

/**
 * Puts everything reachable from `wants` into `store`, file by file (gitprotocol-http, "Dumb Clients"): loose objects,
 * packs that hold a wanted object, whole, and the same in alternates on the same host. What the store held before the
 * call is taken as complete: the walk ends there. After a failure it is not, so begin again with an empty store. Every
 * object's name is checked against its content.
 *
 * @throws GitMirrorError `GM_CORRUPT` naming the object when one is missing or damaged; `GM_LIMIT` and `GM_SYSTEM` of
 * the store; whatever `source` throws.
 */
export async function fetchDumb(
  source: DumbSource,
  store: ObjectStore,
  wants: Iterable<ObjectId>,
  options: FetchDumbOptions,
): Promise<void> {
  const walk = new DumbWalk(source, store, options);
  try {
    await walk.run(wants);
  } finally {
    walk.close();
  }
}

class DumbWalk {
  readonly #source: DumbSource;
  readonly #store: ObjectStore;
  readonly #options: FetchDumbOptions;
  readonly #slice: TimeSlice;
  readonly #scanner: CommitScanner;
  readonly #treeScanner: TreeScanner;
  readonly #rawLength: number;
  /** Per number: 1 when the object has been or will be looked into. */
  #seen: Uint8Array;
  /** Objects in the store that have to be looked into. */
  readonly #present = new GrowableInt32();
  /** Objects that have to be fetched. */
  readonly #missing = new Set<ObjectId>();
  /** Object folders: the repository's own, then its alternates. */
  readonly #folders: { readonly path: string; readonly depth: number; readonly packs: DumbPacks }[] = [];
  #foldersAsked = 0;
  #work = 0;

  constructor(source: DumbSource, store: ObjectStore, options: FetchDumbOptions) {
    this.#source = source;
    this.#store = store;
    this.#options = options;
    this.#slice = new TimeSlice(options.signal);
    this.#scanner = new CommitScanner(options.format);
    this.#treeScanner = new TreeScanner(options.format);
    this.#rawLength = rawLength(options.format);
    this.#seen = new Uint8Array(store.numberLimit);
    for (let number = 0; number < this.#seen.length; number++) this.#seen[number] = store.hasNumber(number) ? 1 : 0;
    this.#addFolder('objects', 0);
  }

  async run(wants: Iterable<ObjectId>): Promise<void> {
    for (const want of wants) this.#reach(want);
    for (;;) {
      this.#options.signal?.throwIfAborted();
      await this.#lookIntoPresent();
      if (this.#missing.size === 0) return;
      await this.#fetchSome();
      this.#options.onProgress?.(this.#store.count);
    }
  }

  close(): void {
    for (const { packs } of this.#folders) packs.close();
  }

  #reach(oid: ObjectId): void {
    const number = this.#store.numberOf(oid);
    if (number < 0) this.#missing.add(oid);
    else this.#reachNumber(number);
  }

  #reachRaw(bytes: Uint8Array, offset: number): void {
    const number = this.#store.numberOfRaw(bytes, offset);
    if (number < 0) this.#missing.add(decodeObjectId(bytes, offset, this.#options.format));
    else this.#reachNumber(number);
  }

  #reachNumber(number: number): void {
    if (number >= this.#seen.length) {
      const larger = new Uint8Array(Math.max(number + 1, Math.ceil(this.#store.numberLimit * 1.2)));
      larger.set(this.#seen);
      this.#seen = larger;
    }
    if (this.#seen[number] === 1) return;
    this.#seen[number] = 1;
    if (this.#store.typeOfNumber(number) !== 'blob') this.#present.push(number);
  }

  async #lookIntoPresent(): Promise<void> {
    for (let last = this.#present.length - 1; last >= 0; last = this.#present.length - 1) {
      const number = this.#present.at(last);
      this.#present.truncate(last);
      this.#lookInto(number);
      if (this.#slice.isOver(this.#work)) await this.#slice.pause();
    }
  }

  #lookInto(number: number): void {
    const { type, content } = this.#store.readNumber(number);
    this.#work += content.length;
    if (type === 'commit') {
      const scanner = this.#scanner;
      scanner.scan(content);
      for (let index = 0; index <= scanner.parentCount; index++) {
        this.#reachRaw(scanner.names, index * this.#rawLength);
      }
    } else if (type === 'tag') {
      this.#reach(parseTag(content, this.#options.format).targetOid);
    } else if (type === 'tree') {
      const scanner = this.#treeScanner;
      scanner.reset(content);
      while (scanner.next()) {
        if (!scanner.isGitlink) this.#reachRaw(content, scanner.oidStart);
      }
    }
  }

  /** Fetches some missing objects: loose ones side by side, and one pack after the other for those that are not loose. */
  async #fetchSome(): Promise<void> {
    const batch: ObjectId[] = [];
    for (const oid of this.#missing) {
      if (batch.length === parallelRequests) break;
      this.#missing.delete(oid);
      batch.push(oid);
    }
    const isLoose = await settleAll(batch.map((oid) => this.#fetchLoose(oid)));
    for (const [index, oid] of batch.entries()) {
      if (isLoose[index] !== true && !this.#store.has(oid)) await this.#fetchElsewhere(oid);
      this.#reach(oid);
    }
  }

  async #fetchLoose(oid: ObjectId, folder = 'objects'): Promise<boolean> {
    // A pack taken since may have brought it.
    if (this.#store.has(oid)) return true;
    this.#options.signal?.throwIfAborted();
    const stream = await this.#source.get(`${folder}/${oid.slice(0, 2)}/${oid.slice(2)}`);
    if (stream === undefined) return false;
    await this.#store.addLoose(oid, stream);
    return true;
  }

  /** From the packs of the repository, or from an alternate. */
  async #fetchElsewhere(oid: ObjectId): Promise<void> {
    for (let index = 0; ; index++) {
      if (index === this.#folders.length) await this.#askForAlternates();
      const folder = this.#folders[index];
      if (folder === undefined) {
        throw new GitMirrorError('GM_CORRUPT', `Fetching object ${oid}: it is missing at the source.`, {
          details: { oid },
        });
      }
      if (index > 0 && (await this.#fetchLoose(oid, folder.path))) return;
      if ((await folder.packs.take(oid, this.#store)) && this.#store.has(oid)) return;
    }
  }

  /** Reads the alternates of the folders that have not been asked yet, until one has some. */
  async #askForAlternates(): Promise<void> {
    const known = this.#folders.length;
    while (this.#folders.length === known && this.#foldersAsked < this.#folders.length) {
      const folder = this.#folders[this.#foldersAsked++];
      if (folder === undefined || folder.depth >= maxAlternateDepth) continue;
      for (const path of await this.#readAlternates(folder.path)) this.#addFolder(path, folder.depth + 1);
    }
  }

  async #readAlternates(folder: string): Promise<readonly string[]> {
    const text =
      (await readText(this.#source, `${folder}/info/http-alternates`, limits.maxDumbListingBytes)) ??
      (await readText(this.#source, `${folder}/info/alternates`, limits.maxDumbListingBytes)) ??
      '';
    return text.split('\n').flatMap((line) => alternatePath(folder, line) ?? []);
  }

  #addFolder(path: string, depth: number): void {
    if (this.#folders.some((folder) => folder.path === path)) return;
    if (this.#folders.length >= limits.maxDumbPacks) return;
    const { format, dir, signal } = this.#options;
    this.#folders.push({ path, depth, packs: new DumbPacks(this.#source, path, { format, dir, signal }) });
  }
}

/**
 * The object folder that a line of an alternates file means, seen from the repository's URL; undefined for comments and
 * for what is not on the same host (another URL), which is not followed.
 */
function alternatePath(folder: string, line: string): string | undefined {
  if (line === '' || line.startsWith('#') || line.startsWith('//') || /[\u0000-\u001f\u007f?#%\\]|:\/\//.test(line)) {
    return undefined;
  }
  const segments = line.startsWith('/') ? [''] : folder.split('/');
  for (const segment of line.split('/')) {
    if (segment === '' || segment === '.') continue;
    const last = segments.at(-1);
    if (segment !== '..') segments.push(segment);
    else if (last === undefined || last === '..') segments.push('..');
    else if (last !== '') segments.pop();
  }
  return segments.join('/');
}

/** The results of all promises; when some fail, the first failure, once all have ended. */
async function settleAll<Result>(promises: readonly Promise<Result>[]): Promise<Result[]> {
  const settled = await Promise.allSettled(promises);
  return settled.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
}
