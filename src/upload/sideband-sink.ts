import type { ByteSink, FileRange } from '../core/byte-sink.ts';
import { limits } from '../core/limits.ts';
import { encodePacketLength, lengthBytes } from '../wire/packet-length.ts';

const headerBytes = lengthBytes + 1;

/**
 * A pack on its way to a client (gitprotocol-pack, "Packfile Data"): what is written to it goes on band 1, in packets as
 * large as the capability allows, handed on in batches of about 64 KiB; without bands it goes on as it is.
 *
 * Messages go between the packets. What they are worth waiting for is waited for by the next `write` of pack bytes.
 */
export class SidebandSink implements ByteSink {
  readonly #sink: ByteSink;
  readonly #maxPacketBytes: number;
  readonly #batch: Uint8Array;
  /** Bytes of the batch in use; the last packet of band 1 begins at `#open` when that is not negative. */
  #fill = 0;
  #open = -1;
  #pending: Promise<void> | undefined;
  #hasFailed = false;
  #lastWriteMs = performance.now();
  /** Parts of files are cut into packets by whoever reads them in the end. */
  readonly writeFile: ((range: FileRange) => Promise<void>) | undefined;

  /** @param maxPacketBytes - 65520 for `side-band-64k`, 1000 for `side-band`, 0 for no bands. */
  constructor(sink: ByteSink, maxPacketBytes: 0 | 1000 | 65_520) {
    this.#sink = sink;
    this.#maxPacketBytes = maxPacketBytes;
    this.#batch = new Uint8Array(limits.maxPktLineBytes);
    const taker = sink.writeFile;
    if (taker !== undefined) this.writeFile = (range) => this.#passOn(range, taker);
  }

  get hasBands(): boolean {
    return this.#maxPacketBytes > 0;
  }

  /** Whether nobody reads any longer. */
  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  /** When something was last handed on, by `performance.now()`. */
  get lastWriteMs(): number {
    return this.#lastWriteMs;
  }

  write(bytes: Uint8Array): Promise<void> | undefined {
    if (!this.hasBands) {
      this.#handOn(bytes);
      return this.#pending;
    }
    for (let at = 0; at < bytes.length;) {
      if (this.#open < 0) {
        this.#open = this.#fill;
        this.#fill += headerBytes;
      }
      const room = Math.min(this.#open + this.#maxPacketBytes, this.#batch.length) - this.#fill;
      const part = bytes.subarray(at, at + room);
      this.#batch.set(part, this.#fill);
      this.#fill += part.length;
      at += part.length;
      if (part.length === room) this.#close();
    }
    return this.#pending;
  }

  /** Band 2, or 3 for the message that ends everything. Nothing without bands: git writes it to its own log then. */
  message(band: 2 | 3, text: string): void {
    if (!this.hasBands) return;
    this.#flushBatch();
    const bytes = Buffer.from(text);
    const most = this.#maxPacketBytes - headerBytes;
    for (let at = 0; at < bytes.length; at += most) {
      const part = bytes.subarray(at, at + most);
      const packet = new Uint8Array(headerBytes + part.length);
      encodePacketLength(packet.length, packet, 0);
      packet[lengthBytes] = band;
      packet.set(part, headerBytes);
      this.#handOn(packet);
    }
  }

  /** An empty packet of band 1, which tells the client that we are still here. */
  keepAlive(): void {
    if (!this.hasBands || this.#pending !== undefined) return;
    if (this.#fill > 0) this.#flushBatch();
    else this.#handOn(Buffer.from('0005\u0001'));
  }

  /** Ends the bands with a flush packet, when `isWhole`, and waits until all has been taken. */
  async end(isWhole: boolean): Promise<void> {
    this.#flushBatch();
    if (this.hasBands && isWhole) this.#handOn(Buffer.from('0000'));
    await this.#pending;
  }

  /** Completes the open packet, and hands on the batch when it has no room for another. */
  #close(): void {
    this.#seal();
    if (this.#batch.length - this.#fill < this.#maxPacketBytes) this.#flushBatch();
  }

  #seal(): void {
    if (this.#open < 0) return;
    encodePacketLength(this.#fill - this.#open, this.#batch, this.#open);
    this.#batch[this.#open + lengthBytes] = 1;
    this.#open = -1;
  }

  #flushBatch(): void {
    this.#seal();
    if (this.#fill === 0) return;
    const fill = this.#fill;
    this.#fill = 0;
    this.#handOn(this.#batch.subarray(0, fill));
  }

  async #passOn(range: FileRange, taker: (range: FileRange) => Promise<void>): Promise<void> {
    this.#flushBatch();
    await this.#pending;
    this.#await(taker({ ...range, packetBytes: this.#maxPacketBytes }));
    await this.#pending;
    this.#lastWriteMs = performance.now();
  }

  #handOn(bytes: Uint8Array): void {
    this.#lastWriteMs = performance.now();
    const wait = this.#sink.write(bytes);
    if (wait !== undefined) this.#await(wait);
  }

  #await(wait: Promise<void>): void {
    const pending: Promise<void> = wait.finally(() => {
      if (this.#pending === pending) this.#pending = undefined;
    });
    // Whoever awaits it gets the failure; one that nobody awaits must not bring down the process.
    pending.catch(() => {
      this.#hasFailed = true;
    });
    this.#pending = pending;
  }
}
