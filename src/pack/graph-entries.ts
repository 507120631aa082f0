import { GitMirrorError } from '../core/error.ts';
import { limits } from '../core/limits.ts';
import { applyDelta, decodeDeltaSizes } from '../kernel/apply-delta.ts';
import { inflateStatus } from '../kernel/inflate-state.ts';
import { Inflater, outputSlackBytes } from '../kernel/inflate.ts';
import { packType } from '../objects/object-type.ts';
import type { CommitCollector } from './commit-collector.ts';
import { ContentCache } from './content-cache.ts';
import { GrowableFloat64, GrowableInt32 } from './growable-array.ts';
import type { EntryHeader } from './pack-entry.ts';
import { baseByName, noBase, PendingDeltas } from './pending-deltas.ts';
import { ScratchFile } from './scratch-file.ts';

/** A record in the spool begins with the inflated size of what follows. */
const sizeBytes = 4;
/** Bytes that may be inflated and rebuilt whatever the pack's size, and for each byte of it. */
const freeWorkBytes = 256 * 1024 * 1024;
const workPerPackByte = 1000;
/** Contents up to this size are inflated into one shared buffer and copied out at their exact size. */
const sharedBytes = 64 * 1024;
/** With less, a long chain of deltas is rebuilt from its beginning again and again. */
const leastCacheBytes = 4 * 1024 * 1024;

/**
 * The commits and tags of a pack in the order of the pack, as far as deltas need them: where each begins, what it
 * builds on, and its compressed bytes in a spool. Contents are handed to the collector and not kept.
 *
 * An entry goes `begin`, `spool` (any number of times), `end`. A delta whose base has not come yet waits for
 * `resolvePending`, after the last entry.
 */
export class GraphEntries {
  readonly #collector: CommitCollector;
  readonly #spool: ScratchFile;
  readonly #cache: ContentCache;
  readonly #inflater = new Inflater();
  readonly #shared = new Uint8Array(sharedBytes + 1 + outputSlackBytes);
  /** Per entry: where it begins in the pack, where its record begins, its base, its name's number (or -1), its type. */
  readonly #packOffset = new GrowableFloat64();
  readonly #spoolOffset = new GrowableFloat64();
  readonly #base = new GrowableInt32();
  readonly #name = new GrowableInt32();
  readonly #type = new GrowableInt32();
  readonly #depth = new GrowableInt32();
  /** Per name: the entry that holds it, plus one. */
  readonly #entryOfName = new GrowableInt32();
  /** Whether trees, blobs or what may be deltas of them were passed over. */
  #hasSkipped = false;
  #isOpen = false;
  #waiting = 0;
  #pending: PendingDeltas | undefined;
  #work = 0;
  #allowedWork = freeWorkBytes;

  constructor(collector: CommitCollector, options: { readonly dir: string | undefined; readonly memoryBytes: number }) {
    this.#collector = collector;
    this.#spool = new ScratchFile({ dir: options.dir, memoryBytes: Math.ceil(options.memoryBytes * 0.6) });
    this.#cache = new ContentCache(Math.max(leastCacheBytes, options.memoryBytes * 0.4));
  }

  /** Bytes inflated and rebuilt so far. */
  get work(): number {
    return this.#work;
  }

  /** Whether the entry that began last is one of those kept, and has not ended. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** So many bytes of the pack have come: what a pack may expand to is in proportion to its size. */
  allowWork(packBytes: number): void {
    this.#allowedWork += packBytes * workPerPackByte;
  }

  /** An entry begins. Returns whether its compressed bytes and its content are wanted. */
  begin(header: EntryHeader, offset: number): boolean {
    this.#isOpen = false;
    let base = noBase;
    if (header.type === packType.tree || header.type === packType.blob) {
      this.#hasSkipped = true;
      return false;
    }
    if (header.type === packType.ofsDelta) {
      base = this.#entryAt(offset - header.baseDistance);
      if (base < 0) {
        if (!this.#hasSkipped) throw corrupt(`the base of the delta at ${offset} is not in the pack`);
        return false;
      }
    } else if (header.type === packType.refDelta) {
      base = this.#entryNamed(this.#collector.find(header.baseName));
      if (base < 0) {
        if (header.size > limits.maxCommitBytes) {
          this.#hasSkipped = true;
          return false;
        }
        base = baseByName(this.#collector.numberOf(header.baseName));
      }
    }
    this.#packOffset.push(offset);
    this.#spoolOffset.push(this.#spool.size);
    this.#base.push(base);
    this.#name.push(-1);
    this.#type.push(header.type);
    this.#depth.push(0);
    const prefix = Buffer.allocUnsafe(sizeBytes);
    prefix.writeUInt32LE(Math.min(header.size, 0xffffffff));
    this.#spool.append(prefix);
    this.#isOpen = true;
    return true;
  }

  /** Keeps compressed bytes of the entry under way; they are copied. */
  spool(bytes: Uint8Array): void {
    this.#spool.append(bytes);
  }

  /** The entry under way has ended; `content` is its inflated object or delta, borrowed. */
  end(content: Uint8Array): void {
    this.#isOpen = false;
    const entry = this.#packOffset.length - 1;
    const base = this.#base.at(entry);
    this.#addWork(content.length);
    if (base === noBase) this.#collect(entry, this.#type.at(entry), content);
    else if (base >= 0 && this.#name.at(base) >= 0) this.#resolve(entry, base, content);
    else this.#waiting++;
  }

  /**
   * Resolves deltas whose bases came later, some at a time. Returns false when none is left that can be resolved. Only
   * after the last entry has ended.
   */
  resolvePending(): boolean {
    if (this.#waiting === 0) return false;
    this.#pending ??= new PendingDeltas(0, this.#base.view(), this.#name.view(), this.#entryOfName.view());
    const stopAtWork = this.#work + 1_000_000;
    for (let entry = this.#pending.pop(); entry !== undefined; entry = this.#pending.pop()) {
      const base = this.#base.at(entry);
      const baseEntry = base >= 0 ? base : this.#entryNamed(baseByName(base));
      this.#base.set(entry, baseEntry);
      // A copy: reading the base may use the same buffer.
      this.#resolve(entry, baseEntry, new Uint8Array(this.#readRecord(entry)));
      this.#waiting--;
      this.#pending.resolved(entry, this.#name.at(entry));
      if (this.#work > stopAtWork) return true;
    }
    return false;
  }

  /** @throws GitMirrorError `GM_CORRUPT` when a delta's base never came, unless it may have been a tree or a blob. */
  finish(): void {
    if (this.#waiting === 0 || this.#hasSkipped) return;
    const names = this.#name.view();
    const entry = names.indexOf(-1);
    throw corrupt(`the base of the delta at ${this.#packOffset.at(entry)} is not in the pack`);
  }

  /** Gives everything back; nothing else may be called afterwards. Safe to call twice; never throws. */
  close(): void {
    this.#spool.close();
    this.#cache.clear();
    for (const list of [this.#packOffset, this.#spoolOffset, this.#base, this.#name, this.#type, this.#depth])
      list.clear();
  }

  #resolve(entry: number, base: number, delta: Uint8Array): void {
    const depth = this.#depth.at(base) + 1;
    if (depth > limits.maxDeltaDepth) throw corrupt('a chain of deltas is too long');
    this.#depth.set(entry, depth);
    const type = this.#type.at(base);
    this.#type.set(entry, type);
    const content = this.#rebuild(this.#read(base), delta);
    this.#cache.set(entry, content);
    this.#collect(entry, type, content);
  }

  #collect(entry: number, type: number, content: Uint8Array): void {
    const name = type === packType.tag ? this.#collector.addTag(content) : this.#collector.addCommit(content);
    this.#name.set(entry, name);
    while (this.#entryOfName.length <= name) this.#entryOfName.push(0);
    if (this.#entryOfName.at(name) === 0) this.#entryOfName.set(name, entry + 1);
  }

  /** The content of an entry whose bases are all resolved. Shared: not to be written to. */
  #read(entry: number): Uint8Array {
    const chain: number[] = [];
    let content: Uint8Array | undefined;
    for (let at = entry; ; at = this.#base.at(at)) {
      content = this.#cache.get(at);
      if (content !== undefined) break;
      chain.push(at);
      if (this.#base.at(at) === noBase) break;
    }
    for (let at = chain.pop(); at !== undefined; at = chain.pop()) {
      const record = this.#readRecord(at);
      content = content === undefined ? new Uint8Array(record) : this.#rebuild(content, record);
      this.#cache.set(at, content);
    }
    if (content === undefined) throw new GitMirrorError('GM_INTERNAL', 'Reading commits: a delta chain is empty.');
    return content;
  }

  #rebuild(base: Uint8Array, delta: Uint8Array): Uint8Array {
    const sizes = decodeDeltaSizes(delta);
    if (sizes.resultSize > limits.maxCommitBytes) {
      throw new GitMirrorError('GM_LIMIT', `Reading commits: one has ${sizes.resultSize} bytes, which is too many.`, {
        details: { limit: 'maxCommitBytes', bytes: sizes.resultSize },
      });
    }
    this.#addWork(sizes.resultSize);
    const result = new Uint8Array(sizes.resultSize);
    applyDelta(base, delta, sizes, result);
    return result;
  }

  /** Inflates what the spool holds of an entry. Borrowed until the next call. */
  #readRecord(entry: number): Uint8Array {
    const start = this.#spoolOffset.at(entry);
    const next = entry + 1;
    const end = next < this.#spoolOffset.length ? this.#spoolOffset.at(next) : this.#spool.size;
    const record = this.#spool.read(start, end - start);
    const size = Buffer.from(record.buffer, record.byteOffset, sizeBytes).readUInt32LE(0);
    this.#addWork(size);
    const inflater = this.#inflater;
    inflater.reset();
    inflater.input = record;
    inflater.inputPosition = sizeBytes;
    inflater.inputEnd = record.length;
    inflater.output = size <= sharedBytes ? this.#shared : new Uint8Array(size + 1 + outputSlackBytes);
    inflater.outputPosition = 0;
    inflater.outputLimit = size + 1;
    if (inflater.run() !== inflateStatus.done || inflater.outputPosition !== size) {
      throw new GitMirrorError('GM_INTERNAL', 'Reading commits: the temporary file is not what was written to it.');
    }
    return inflater.output.subarray(0, size);
  }

  #addWork(bytes: number): void {
    this.#work += bytes;
    if (this.#work <= this.#allowedWork) return;
    throw new GitMirrorError('GM_LIMIT', 'Reading commits: the pack expands to far more than its size allows.', {
      details: { limit: 'expansion', bytes: this.#work },
    });
  }

  /** The entry that begins at `offset` in the pack, or -1: offsets only grow. */
  #entryAt(offset: number): number {
    let low = 0;
    let high = this.#packOffset.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const found = this.#packOffset.at(middle);
      if (found === offset) return middle;
      if (found < offset) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }

  #entryNamed(name: number): number {
    return name >= 0 && name < this.#entryOfName.length ? this.#entryOfName.at(name) - 1 : -1;
  }
}

function corrupt(problem: string): GitMirrorError {
  return new GitMirrorError('GM_CORRUPT', `Reading commits: ${problem}.`);
}
