/** Bytes of one listing that is kept. */
export const maxListingBytes = 16 * 1024 * 1024;
/** Bytes of all that are kept in one thread. */
const maxBytes = 32 * 1024 * 1024;

/** Answers as they were sent, in pieces, the least recently used let go first. */
export class ListingCache {
  readonly #maxBytes: number;
  readonly #listings = new Map<string, { readonly pieces: readonly Uint8Array[]; readonly bytes: number }>();
  #bytes = 0;

  constructor(limit = maxBytes) {
    this.#maxBytes = limit;
  }

  /** The pieces are not to be changed. */
  get(key: string): readonly Uint8Array[] | undefined {
    const found = this.#listings.get(key);
    if (found === undefined) return undefined;
    this.#listings.delete(key);
    this.#listings.set(key, found);
    return found.pieces;
  }

  /** Keeps `pieces`, which belong to the cache from now on. */
  set(key: string, pieces: readonly Uint8Array[]): void {
    this.#drop(key);
    let bytes = 0;
    for (const piece of pieces) bytes += piece.length;
    if (bytes > this.#maxBytes) return;
    this.#listings.set(key, { pieces, bytes });
    this.#bytes += bytes;
    for (const oldest of this.#listings.keys()) {
      if (this.#bytes <= this.#maxBytes) return;
      this.#drop(oldest);
    }
  }

  #drop(key: string): void {
    this.#bytes -= this.#listings.get(key)?.bytes ?? 0;
    this.#listings.delete(key);
  }
}
