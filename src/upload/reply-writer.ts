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
  #record: { readonly pieces: Uint8Array[]; readonly maxBytes: number } | undefined;
  #recordedBytes = 0;

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

  /** Puts what is sent from now on into `pieces` too, as long as it is no more than `maxBytes`. */
  record(pieces: Uint8Array[], maxBytes: number): void {
    this.#record = { pieces, maxBytes };
    this.#recordedBytes = 0;
  }

  /** Ends the recording; whether all of it is there. */
  stopRecording(): boolean {
    const isWhole = this.#record !== undefined;
    this.#record = undefined;
    return isWhole;
  }

  /** Rejects with the reason when nobody reads any longer. */
  async send(): Promise<void> {
    if (this.#writer.length === 0) return;
    const bytes = this.#writer.finish();
    this.#keep(bytes);
    await this.#sink.write(bytes);
  }

  #keep(bytes: Uint8Array): void {
    if (this.#record === undefined) return;
    this.#recordedBytes += bytes.length;
    // Piece by piece, a writer's buffer may be larger than what is in it.
    if (this.#recordedBytes <= this.#record.maxBytes) this.#record.pieces.push(bytes.slice());
    else this.#record = undefined;
  }
}
