import type { ByteSink } from '../core/byte-sink.ts';
import { PacketWriter } from '../wire/pkt-line.ts';

const batchBytes = 64 * 1024;

/**
 * Writes the lines of an answer in batches of about 64 KiB. `send` hands over what there is; it must be called whenever
 * {@link isFull}, before bytes go to the sink by another way, and at the end.
 */
export class ReplyWriter {
  readonly #sink: ByteSink;
  readonly #writer = new PacketWriter(batchBytes + 1024);
  #band = '';

  constructor(sink: ByteSink) {
    this.#sink = sink;
  }

  /** From now on lines go on band 1 and errors on band 3 (gitprotocol-v2, "sideband-all"). */
  useBands(): void {
    this.#band = '\u0001';
  }

  get usesBands(): boolean {
    return this.#band !== '';
  }

  get isFull(): boolean {
    return this.#writer.length >= batchBytes;
  }

  line(text: string): this {
    this.#writer.line(this.#band + text);
    return this;
  }

  /** As {@link line} without LF: some lines of git have none. */
  text(text: string): this {
    this.#writer.data(this.#band + text);
    return this;
  }

  /** What ends an answer early: `ERR` and the reason, or band 3. */
  error(reason: string): this {
    this.#writer.data(this.#band === '' ? `ERR ${reason}` : `\u0003${reason}`);
    return this;
  }

  delim(): this {
    this.#writer.delim();
    return this;
  }

  flush(): this {
    this.#writer.flush();
    return this;
  }

  /** Rejects with the reason when nobody reads any longer. */
  async send(): Promise<void> {
    if (this.#writer.length > 0) await this.#sink.write(this.#writer.finish());
  }
}
