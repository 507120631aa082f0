import { GitMirrorError } from '../core/error.ts';
import { PacketDecoder, type Packet } from '../wire/pkt-line.ts';
import { decodeWhile } from './decode-while.ts';
import type { PacketTrace } from './packet-trace.ts';

/**
 * Pulls packets out of an answer. The payload of a packet is borrowed until the next call. One reader serves a whole
 * stateful conversation, since bytes it has taken in belong to what follows.
 */
export class PacketReader {
  readonly #input: AsyncIterator<Uint8Array>;
  readonly #decoder = new PacketDecoder();
  readonly #trace: PacketTrace | undefined;
  #ended = false;

  constructor(input: AsyncIterator<Uint8Array>, trace?: PacketTrace) {
    this.#input = input;
    this.#trace = trace;
  }

  /**
   * The next packet, or undefined when the answer ended between packets. Throws `GM_PROTOCOL` when it ended within one,
   * or for what is no packet; `doing` is in the message then.
   */
  async readOrEnd(doing: string): Promise<Packet | undefined> {
    for (;;) {
      const packet = decodeWhile(doing, () => this.#decoder.next());
      if (packet !== undefined) {
        this.#trace?.received(packet);
        return packet;
      }
      const chunk = await this.#pull();
      if (chunk === undefined) {
        decodeWhile(doing, () => {
          this.#decoder.end();
        });
        return undefined;
      }
      this.#decoder.push(chunk);
    }
  }

  /** The next packet. `doing` completes the sentence of the error when there is none. */
  async read(doing: string): Promise<Packet> {
    const packet = await this.readOrEnd(doing);
    if (packet === undefined) {
      throw new GitMirrorError('GM_NETWORK', `The connection ended early while ${doing}. Try again.`);
    }
    return packet;
  }

  /** The next chunk of bytes, framed or not: first what was taken in and not yet decoded. Undefined at the end. */
  async readChunk(): Promise<Uint8Array | undefined> {
    const rest = this.#decoder.takeRest();
    return rest.length > 0 ? rest : this.#pull();
  }

  /** Gives back bytes that were taken with {@link readChunk} but belong to what follows. */
  unread(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#decoder.push(bytes);
  }

  /** Releases the answer without reading it to its end. */
  async release(): Promise<void> {
    this.#ended = true;
    await this.#input.return?.();
  }

  async #pull(): Promise<Uint8Array | undefined> {
    if (this.#ended) return undefined;
    const next = await this.#input.next();
    if (next.done !== true) return next.value;
    this.#ended = true;
    return undefined;
  }
}
