import { GitMirrorError } from '../core/error.ts';

const pageBytes = 65_536;
/** wasm32 ends at 4 GiB. The last page is left out, so that an address just behind a block never wraps around. */
const maxPages = 65_535;
const initialPages = 256;

/**
 * The linear memory that kernels work in, and who uses which part of it. Meant for few large blocks (an index, a cache,
 * a buffer): each takes whole pages of 64 KiB.
 *
 * Growing detaches every view: take `bytes` and `words` anew after any `allocate`, here or in a callee.
 */
export class KernelMemory {
  readonly memory: WebAssembly.Memory;
  /** Free runs of pages, by first page: never empty, never adjacent. */
  readonly #free: { first: number; pages: number }[] = [];
  /** Pages of each block in use, by first page. */
  readonly #used = new Map<number, number>();
  #bytes: Uint8Array;
  #words: Uint32Array;

  constructor() {
    this.memory = new WebAssembly.Memory({ initial: initialPages, maximum: maxPages });
    this.#bytes = new Uint8Array(this.memory.buffer);
    this.#words = new Uint32Array(this.memory.buffer);
  }

  /** All of the memory. Out of date after the next `allocate`. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** All of the memory as 32-bit words (index = address / 4). Out of date after the next `allocate`. */
  get words(): Uint32Array {
    return this.#words;
  }

  /** Bytes in blocks that are in use. */
  get usedBytes(): number {
    let pages = 0;
    for (const count of this.#used.values()) pages += count;
    return pages * pageBytes;
  }

  /** A view of `length` bytes at `address`. Out of date after the next `allocate`. */
  view(address: number, length: number): Uint8Array {
    return this.#bytes.subarray(address, address + length);
  }

  /** Takes over everything from `address` on: below it lies the static data of the WebAssembly module. */
  begin(address: number): void {
    const first = Math.ceil(address / pageBytes);
    this.#free.push({ first, pages: initialPages - first });
  }

  /**
   * A block of at least `length` bytes, aligned to 64 KiB; its content is undefined. The caller releases it.
   *
   * @throws GitMirrorError `GM_LIMIT` when the 4 GiB of WebAssembly do not hold it.
   */
  allocate(length: number): number {
    const pages = Math.max(1, Math.ceil(length / pageBytes));
    let index = this.#free.findIndex((run) => run.pages >= pages);
    if (index < 0) {
      this.#grow(pages);
      index = this.#free.length - 1;
    }
    const run = this.#free[index];
    if (run === undefined) throw new GitMirrorError('GM_INTERNAL', 'The kernel memory lost a free run.');
    const { first } = run;
    if (run.pages === pages) this.#free.splice(index, 1);
    else this.#free[index] = { first: first + pages, pages: run.pages - pages };
    this.#used.set(first, pages);
    return first * pageBytes;
  }

  /** Gives back a block. `GM_INTERNAL` when `address` is none. */
  release(address: number): void {
    const first = address / pageBytes;
    const pages = this.#used.get(first);
    if (pages === undefined) throw new GitMirrorError('GM_INTERNAL', `No block of kernel memory begins at ${address}.`);
    this.#used.delete(first);
    let at = this.#free.findIndex((run) => run.first > first);
    if (at < 0) at = this.#free.length;
    this.#free.splice(at, 0, { first, pages });
    this.#join(at);
    this.#join(at - 1);
  }

  /** Joins the free run at `index` with the one behind it, when nothing lies between them. */
  #join(index: number): void {
    const left = this.#free[index];
    const right = this.#free[index + 1];
    if (left === undefined || right === undefined) return;
    if (left.first + left.pages === right.first) {
      this.#free.splice(index, 2, { first: left.first, pages: left.pages + right.pages });
    }
  }

  /** Makes the last free run at least `pages` long. */
  #grow(pages: number): void {
    const total = this.memory.buffer.byteLength / pageBytes;
    const last = this.#free.at(-1) ?? { first: 0, pages: 0 };
    const tail = last.first + last.pages === total ? last.pages : 0;
    const needed = pages - tail;
    const problem = 'The memory for WebAssembly is used up (4 GiB at most).';
    if (!(needed <= maxPages - total)) throw new GitMirrorError('GM_LIMIT', problem);
    // Growing costs a system call each time; an eighth more at once makes it rare.
    const wanted = Math.min(Math.max(needed, total >>> 3), maxPages - total);
    try {
      this.memory.grow(wanted);
    } catch (cause) {
      throw new GitMirrorError('GM_LIMIT', problem, { cause });
    }
    this.#bytes = new Uint8Array(this.memory.buffer);
    this.#words = new Uint32Array(this.memory.buffer);
    if (tail > 0) this.#free[this.#free.length - 1] = { first: last.first, pages: tail + wanted };
    else this.#free.push({ first: total, pages: wanted });
  }
}
