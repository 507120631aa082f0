import type { KernelMemory } from '../kernel/kernel-memory.ts';

/** An object takes up to this part of the cache. */
const largestPart = 16;
/** Kept objects are at least this large on average, or there are fewer than fit. */
const meanBytes = 512;
const noEntry = -1;

/**
 * Contents of pack entries in kernel memory, for deltas to be built on: a ring, in which room is made by dropping what
 * came first, unless it has been used meanwhile. One of these serves all repositories of a thread.
 */
export class DeltaBaseCache {
  readonly #memory: KernelMemory;
  readonly #block: number;
  readonly #bytes: number;
  readonly #capacity: number;
  readonly #hashMask: number;
  /** First entry of each hash bucket, and the next one behind each entry. */
  readonly #buckets: Int32Array;
  readonly #next: Int32Array;
  readonly #packIds: Float64Array;
  readonly #offsets: Float64Array;
  readonly #starts: Float64Array;
  readonly #sizes: Float64Array;
  readonly #types: Uint8Array;
  /** 1: used since it was last passed over. */
  readonly #used: Uint8Array;
  readonly #free: Int32Array;
  #freeCount: number;
  /** Entries in the order of their addresses, beginning behind `#head` and wrapping round: a queue. */
  readonly #queue: Int32Array;
  #queueStart = 0;
  #queueLength = 0;
  #head = 0;
  #reserved = 0;

  /** @param bytes - 0: nothing is kept. */
  constructor(memory: KernelMemory, bytes: number) {
    this.#memory = memory;
    this.#bytes = bytes;
    this.#block = bytes > 0 ? memory.allocate(bytes) : -1;
    const bits = Math.min(20, Math.max(4, Math.ceil(Math.log2(bytes / meanBytes + 1))));
    this.#capacity = 2 ** bits;
    this.#hashMask = this.#capacity - 1;
    this.#buckets = new Int32Array(this.#capacity).fill(noEntry);
    this.#next = new Int32Array(this.#capacity);
    this.#packIds = new Float64Array(this.#capacity);
    this.#offsets = new Float64Array(this.#capacity);
    this.#starts = new Float64Array(this.#capacity);
    this.#sizes = new Float64Array(this.#capacity);
    this.#types = new Uint8Array(this.#capacity);
    this.#used = new Uint8Array(this.#capacity);
    this.#free = Int32Array.from({ length: this.#capacity }, (_, index) => index);
    this.#freeCount = this.#capacity;
    this.#queue = new Int32Array(this.#capacity);
  }

  /** The cached content of the entry at `offset` of a pack, or -1. */
  find(packId: number, offset: number): number {
    let entry = this.#buckets[this.#bucketOf(packId, offset)] ?? noEntry;
    while (entry !== noEntry && (this.#offsets[entry] !== offset || this.#packIds[entry] !== packId)) {
      entry = this.#next[entry] ?? noEntry;
    }
    if (entry !== noEntry) this.#used[entry] = 1;
    return entry;
  }

  addressOf(entry: number): number {
    return this.#block + (this.#starts[entry] ?? 0);
  }

  sizeOf(entry: number): number {
    return this.#sizes[entry] ?? 0;
  }

  /** `packType` of the object: 1 to 4. */
  typeOf(entry: number): number {
    return this.#types[entry] ?? 0;
  }

  /**
   * Address of room for `size` bytes, to be filled and then kept by `keep`; -1 when they are too many. Drops others, but
   * not the one that holds `pinned`, the address of a content in use (-1: none).
   */
  reserve(size: number, pinned: number): number {
    if (size * largestPart > this.#bytes) return -1;
    const pinnedAt = pinned - this.#block;
    // Entries that are passed over lose their mark, so two rounds find room.
    let passed = 0;
    for (;;) {
      const first = this.#queue[this.#queueStart] ?? 0;
      const start = this.#queueLength === 0 ? Infinity : (this.#starts[first] ?? 0);
      // What lies behind the head comes first in the queue; when the first lies in front of it, the rest is free.
      const limit = start >= this.#head ? Math.min(start, this.#bytes) : this.#bytes;
      if (limit - this.#head >= size && this.#freeCount > 0) {
        this.#reserved = this.#head;
        return this.#block + this.#head;
      }
      if (start < this.#head || this.#queueLength === 0) {
        if (this.#head === 0) return -1;
        this.#head = 0;
      } else if (start === pinnedAt || (this.#used[first] === 1 && passed < this.#capacity)) {
        passed++;
        this.#used[first] = 0;
        this.#head = start + Math.max(1, this.#sizes[first] ?? 0);
        this.#pop();
        this.#push(first);
      } else {
        this.#pop();
        this.#drop(first);
      }
    }
  }

  /** Keeps what was written to the room last reserved. Returns its entry. */
  keep(packId: number, offset: number, type: number, size: number): number {
    const entry = this.#free[--this.#freeCount] ?? 0;
    const bucket = this.#bucketOf(packId, offset);
    this.#next[entry] = this.#buckets[bucket] ?? noEntry;
    this.#buckets[bucket] = entry;
    this.#packIds[entry] = packId;
    this.#offsets[entry] = offset;
    this.#starts[entry] = this.#reserved;
    this.#sizes[entry] = size;
    this.#types[entry] = type;
    this.#used[entry] = 0;
    this.#push(entry);
    // Empty objects take a byte, so that no two begin at one address.
    this.#head = this.#reserved + Math.max(1, size);
    return entry;
  }

  release(): void {
    if (this.#block >= 0) this.#memory.release(this.#block);
  }

  #bucketOf(packId: number, offset: number): number {
    const low = offset | 0;
    const high = (offset / 2 ** 32) | 0;
    let hash = Math.imul(low ^ Math.imul(packId + high * 31, 0x9e37_79b1), 0x85eb_ca6b);
    hash ^= hash >>> 15;
    return hash & this.#hashMask;
  }

  #push(entry: number): void {
    this.#queue[(this.#queueStart + this.#queueLength++) & this.#hashMask] = entry;
  }

  #pop(): void {
    this.#queueStart = (this.#queueStart + 1) & this.#hashMask;
    this.#queueLength--;
  }

  #drop(entry: number): void {
    const bucket = this.#bucketOf(this.#packIds[entry] ?? 0, this.#offsets[entry] ?? 0);
    let at = this.#buckets[bucket] ?? noEntry;
    if (at === entry) {
      this.#buckets[bucket] = this.#next[entry] ?? noEntry;
    } else {
      while (at !== noEntry && this.#next[at] !== entry) at = this.#next[at] ?? noEntry;
      if (at !== noEntry) this.#next[at] = this.#next[entry] ?? noEntry;
    }
    this.#free[this.#freeCount++] = entry;
  }
}
