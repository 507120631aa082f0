import { equalBytes } from '../core/bytes.ts';
import type { ByteStream } from '../core/byte-stream.ts';
import { GitMirrorError } from '../core/error.ts';
import { limits } from '../core/limits.ts';
import { rawLength, type ObjectFormat, type ObjectId } from '../core/object-id.ts';
import { readText, type DumbSource } from './dumb-refs.ts';
import type { ObjectStore } from './object-store.ts';
import { PackIndexFile } from './pack-index-file.ts';

interface KnownPack {
  /** Path of the pack without `.pack`. */
  readonly path: string;
  index: PackIndexFile | undefined;
  isTaken: boolean;
}

/** The packs of one object folder on a static server: their indexes, read when first needed. */
export class DumbPacks {
  readonly #source: DumbSource;
  readonly #folder: string;
  readonly #options: {
    readonly format: ObjectFormat;
    readonly dir?: string | undefined;
    readonly signal: AbortSignal | undefined;
  };
  #packs: KnownPack[] | undefined;

  /** @param folder - path of the object folder, without a slash at its end. */
  constructor(
    source: DumbSource,
    folder: string,
    options: {
      readonly format: ObjectFormat;
      readonly dir?: string | undefined;
      readonly signal: AbortSignal | undefined;
    },
  ) {
    this.#source = source;
    this.#folder = folder;
    this.#options = options;
  }

  /**
   * Puts the pack that holds `oid` into `store`; false when none does.
   *
   * @throws GitMirrorError `GM_CORRUPT` when a pack or an index is damaged, or they do not belong together.
   */
  async take(oid: ObjectId, store: ObjectStore): Promise<boolean> {
    this.#packs ??= await this.#list();
    for (const pack of this.#packs) {
      if (pack.isTaken) continue;
      pack.index ??= await this.#readIndex(pack.path);
      if (pack.index?.has(oid) !== true) continue;
      await this.#takePack(pack, pack.index, store);
      return true;
    }
    return false;
  }

  close(): void {
    for (const pack of this.#packs ?? []) pack.index?.close();
    this.#packs = [];
  }

  /** `objects/info/packs` (gitrepository-layout): a line `P <file name>` for each pack; others mean nothing to us. */
  async #list(): Promise<KnownPack[]> {
    const text = await readText(this.#source, `${this.#folder}/info/packs`, limits.maxDumbListingBytes);
    const names = (text ?? '').matchAll(/^P (pack-[0-9a-f]{40,64})\.pack$/gm);
    const packs = Array.from(names, (match) => ({
      path: `${this.#folder}/pack/${match[1] ?? ''}`,
      index: undefined,
      isTaken: false,
    }));
    if (packs.length <= limits.maxDumbPacks) return packs;
    throw new GitMirrorError('GM_LIMIT', `Reading the list of packs: more than ${limits.maxDumbPacks}.`, {
      details: { limit: 'maxDumbPacks', packs: packs.length },
    });
  }

  async #readIndex(path: string): Promise<PackIndexFile | undefined> {
    const stream = await this.#source.get(`${path}.idx`);
    return stream === undefined ? undefined : PackIndexFile.read(stream, this.#options);
  }

  async #takePack(pack: KnownPack, index: PackIndexFile, store: ObjectStore): Promise<void> {
    const path = `${pack.path}.pack`;
    const stream = await this.#source.get(path);
    if (stream === undefined) {
      throw new GitMirrorError('GM_CORRUPT', `Reading ${path}: its index is there but the pack is not.`, {
        details: { path },
      });
    }
    const tail = new StreamTail(stream, rawLength(this.#options.format));
    await store.addPack(tail);
    if (!equalBytes(tail.bytes, index.packChecksum)) {
      throw new GitMirrorError('GM_CORRUPT', `Reading ${path}: it is not the pack its index was made for.`, {
        details: { path },
      });
    }
    pack.isTaken = true;
    index.close();
    pack.index = undefined;
  }
}

/** Passes a stream through and remembers its last bytes. */
class StreamTail implements AsyncIterable<Uint8Array> {
  readonly #stream: ByteStream;
  readonly #length: number;
  bytes: Uint8Array = new Uint8Array(0);

  constructor(stream: ByteStream, length: number) {
    this.#stream = stream;
    this.#length = length;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, void> {
    for await (const chunk of this.#stream) {
      const tail = Buffer.concat([this.bytes, chunk.subarray(Math.max(0, chunk.length - this.#length))]);
      this.bytes = tail.subarray(Math.max(0, tail.length - this.#length));
      yield chunk;
    }
  }
}
