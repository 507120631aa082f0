import { GitMirrorError } from '../core/error.ts';
import { limits } from '../core/limits.ts';
import type { ObjectFormat } from '../core/object-id.ts';
import { applyDelta, decodeDeltaSizes } from '../kernel/apply-delta.ts';
import { inflateStatus } from '../kernel/inflate-state.ts';
import { Inflater, outputSlackBytes } from '../kernel/inflate.ts';
import { ContentCache } from './content-cache.ts';
import { EntryHeader, maxEntryHeaderBytes } from './pack-entry.ts';
import { noBase } from './pending-deltas.ts';
import type { ScratchFile } from './scratch-file.ts';
import type { StoreEntries } from './store-entries.ts';

const readBytes = 64 * 1024;

/** Reads entries back out of a store's scratch file: inflates them, and rebuilds deltas from their bases. */
export class StoreReader {
  readonly #entries: StoreEntries;
  readonly #file: ScratchFile;
  readonly #cache: ContentCache;
  readonly #inflater = new Inflater();
  readonly #header: EntryHeader;
  #work = 0;

  constructor(entries: StoreEntries, file: ScratchFile, format: ObjectFormat, cacheBytes: number) {
    this.#entries = entries;
    this.#file = file;
    this.#header = new EntryHeader(format);
    this.#cache = new ContentCache(cacheBytes);
  }

  /** Bytes inflated and rebuilt so far. */
  get work(): number {
    return this.#work;
  }

  /**
   * The object an entry holds; it and all its bases must be resolved. Shared: not to be written to.
   *
   * @throws GitMirrorError `GM_LIMIT` over `limits.maxHeldObjectBytes`; `GM_CORRUPT` when a delta does not fit its base.
   */
  read(entry: number): Uint8Array {
    const { base } = this.#entries;
    const chain: number[] = [];
    let content: Uint8Array | undefined;
    for (let at = entry; ; at = base.at(at)) {
      content = this.#cache.get(at);
      if (content !== undefined) break;
      chain.push(at);
      if (base.at(at) === noBase) break;
    }
    for (let at = chain.pop(); at !== undefined; at = chain.pop()) {
      content = content === undefined ? this.inflate(at) : this.#rebuild(content, this.inflate(at));
      this.#cache.set(at, content);
    }
    if (content === undefined) throw new GitMirrorError('GM_INTERNAL', 'Reading an object: its delta chain is empty.');
    return content;
  }

  /** Rebuilds a delta that is about to be resolved, whose base entry is known. Shared, as with `read`. */
  resolve(entry: number, baseEntry: number): Uint8Array {
    const content = this.#rebuild(this.read(baseEntry), this.inflate(entry));
    this.#cache.set(entry, content);
    return content;
  }

  /** What the entry's zlib stream holds, an object or a delta; freshly allocated. */
  inflate(entry: number): Uint8Array {
    const size = this.entrySize(entry);
    checkHeld(size);
    this.#work += size;
    let position = this.#entries.dataStart(entry);
    const end = this.#entries.dataEnd(entry);
    const inflater = this.#inflater;
    inflater.reset();
    inflater.output = new Uint8Array(size + 1 + outputSlackBytes);
    inflater.outputPosition = 0;
    inflater.outputLimit = size + 1;
    for (;;) {
      const length = Math.min(readBytes, end - position);
      inflater.input = this.#file.read(position, length);
      inflater.inputPosition = 0;
      inflater.inputEnd = length;
      const status = inflater.run();
      position += inflater.inputPosition;
      if (status === inflateStatus.done && inflater.outputPosition === size) break;
      if (status !== inflateStatus.needInput || position + length - inflater.inputPosition >= end) {
        throw new GitMirrorError('GM_SYSTEM', 'Reading an object: the temporary file is not what was written to it.');
      }
    }
    const content = inflater.output.subarray(0, size);
    inflater.output = new Uint8Array(0);
    return content;
  }

  /** Size stated in the entry's header: of the object, or of the delta. */
  entrySize(entry: number): number {
    const start = this.#entries.offset(entry);
    const length = Math.min(maxEntryHeaderBytes, this.#file.size - start);
    if (!this.#header.decode(this.#file.read(start, length), 0, length)) {
      throw new GitMirrorError('GM_SYSTEM', 'Reading an object: the temporary file is not what was written to it.');
    }
    return this.#header.size;
  }

  /** Drops what is cached of entries that are about to be forgotten. */
  forget(): void {
    this.#cache.clear();
  }

  #rebuild(base: Uint8Array, delta: Uint8Array): Uint8Array {
    const sizes = decodeDeltaSizes(delta);
    checkHeld(sizes.resultSize);
    this.#work += sizes.resultSize;
    const result = new Uint8Array(sizes.resultSize);
    applyDelta(base, delta, sizes, result);
    return result;
  }
}

function checkHeld(size: number): void {
  if (size <= limits.maxHeldObjectBytes) return;
  throw new GitMirrorError('GM_LIMIT', `Reading an object: its ${size} bytes are too many to be held in memory.`, {
    details: { limit: 'maxHeldObjectBytes', bytes: size, maxBytes: limits.maxHeldObjectBytes },
  });
}
