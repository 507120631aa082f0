/** Bytes that one entry costs besides its content. */
const overheadBytes = 120;

/** Contents by number, the least recently used dropped when they take more than a budget. */
export class ContentCache {
  readonly #budgetBytes: number;
  readonly #contents = new Map<number, Uint8Array>();
  #bytes = 0;

  constructor(budgetBytes: number) {
    this.#budgetBytes = budgetBytes;
  }

  /** The content, which is shared: nobody may write to it. */
  get(key: number): Uint8Array | undefined {
    const content = this.#contents.get(key);
    if (content !== undefined) {
      this.#contents.delete(key);
      this.#contents.set(key, content);
    }
    return content;
  }

  /** Keeps `content` itself, not a copy. One that is over half of the budget is not kept. */
  set(key: number, content: Uint8Array): void {
    const bytes = content.length + overheadBytes;
    if (bytes > this.#budgetBytes / 2 || this.#contents.has(key)) return;
    this.#contents.set(key, content);
    this.#bytes += bytes;
    for (const [oldest, dropped] of this.#contents) {
      if (this.#bytes <= this.#budgetBytes) break;
      this.#contents.delete(oldest);
      this.#bytes -= dropped.length + overheadBytes;
    }
  }

  clear(): void {
    this.#contents.clear();
    this.#bytes = 0;
  }
}
