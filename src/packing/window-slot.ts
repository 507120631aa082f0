import type { Kernel } from '../kernel/kernel.ts';
import type { ObjectDatabase } from '../repository/object-database.ts';

/** Blocks up to this size are kept for the next object; larger ones are given back. */
const keptBlockBytes = 1024 * 1024;

/** A block of kernel memory that grows. */
class Block {
  address = 0;
  #capacity = 0;

  /** Makes room for `length` bytes; what was in it is lost when it has to grow. */
  reserve(kernel: Kernel, length: number): void {
    if (length <= this.#capacity) return;
    this.release(kernel);
    const capacity = length <= keptBlockBytes / 2 ? Math.ceil((length * 1.5) / 65_536) * 65_536 : length;
    this.address = kernel.memory.allocate(capacity);
    this.#capacity = capacity;
  }

  release(kernel: Kernel): void {
    if (this.#capacity === 0) return;
    kernel.memory.release(this.address);
    this.#capacity = 0;
  }

  trim(kernel: Kernel): void {
    if (this.#capacity > keptBlockBytes) this.release(kernel);
  }
}

/** One object in the window of a search: its content and its index, both in kernel memory once they were needed. */
export class WindowSlot {
  readonly #kernel: Kernel;
  readonly #content = new Block();
  readonly #index = new Block();
  /** Place among the candidates; -1 for none. */
  place = -1;
  /** Deltas it builds on, one behind the other. */
  depth = 0;
  size = 0;
  #isRead = false;
  #isIndexed = false;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** Makes it stand for another object. */
  assign(place: number, size: number): void {
    this.clear();
    this.place = place;
    this.size = size;
  }

  /** Bytes that content and index take. */
  get memoryBytes(): number {
    const contentBytes = this.#isRead ? this.size : 0;
    return this.#isIndexed ? contentBytes + this.#kernel.deltaIndexBytes(this.size) : contentBytes;
  }

  /** Bytes that reading and indexing it would add. */
  get missingBytes(): number {
    return this.size + this.#kernel.deltaIndexBytes(this.size) - this.memoryBytes;
  }

  /**
   * Address of the content, read when it was not yet.
   *
   * @returns undefined when it is not of the size that was said before: then the repository is damaged.
   */
  content(objects: ObjectDatabase, number: number): number | undefined {
    if (!this.#isRead) {
      // Room first: making some may move what the database lends out.
      this.#content.reserve(this.#kernel, this.size);
      const { address, size } = objects.read(number);
      if (size !== this.size) return undefined;
      this.#kernel.memory.bytes.copyWithin(this.#content.address, address, address + size);
      this.#isRead = true;
    }
    return this.#content.address;
  }

  /** Address of the index over the content, which has been read. */
  index(): number {
    if (!this.#isIndexed) {
      this.#index.reserve(this.#kernel, this.#kernel.deltaIndexBytes(this.size));
      this.#kernel.indexDelta(this.#content.address, this.size, this.#index.address);
      this.#isIndexed = true;
    }
    return this.#index.address;
  }

  /** Makes it stand for nothing. */
  clear(): void {
    this.place = -1;
    this.depth = 0;
    this.size = 0;
    this.#isRead = false;
    this.#isIndexed = false;
    this.#content.trim(this.#kernel);
    this.#index.trim(this.#kernel);
  }

  release(): void {
    this.clear();
    this.#content.release(this.#kernel);
    this.#index.release(this.#kernel);
  }
}

/** A place for a delta in kernel memory. */
export class DeltaBuffer {
  readonly #kernel: Kernel;
  readonly #block = new Block();

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** Its address, with room for `length` bytes; what was in it may be lost. */
  reserve(length: number): number {
    this.#block.reserve(this.#kernel, length);
    return this.#block.address;
  }

  /** The first `length` bytes, valid until kernel memory is next allocated or written. */
  view(length: number): Uint8Array {
    return this.#kernel.memory.view(this.#block.address, length);
  }

  release(): void {
    this.#block.release(this.#kernel);
  }
}
