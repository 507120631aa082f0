import type { ByteStream } from '../core/byte-stream.ts';
import { decodeRawText } from '../core/raw-text.ts';
import { PacketDecoder } from '../wire/pkt-line.ts';
import type { Packet } from '../wire/pkt-line.ts';
import { Refusal, requestError } from './upload-error.ts';

/** What a client sent next: a line, its LF removed, a marker, or the end of the stream. */
export type RequestItem =
  { readonly type: 'line'; readonly line: string } | { readonly type: 'flush' | 'delim' | 'response-end' | 'end' };

const end = { type: 'end' } as const;

/**
 * Pulls pkt-lines out of what a client sends. One serves a whole connection.
 *
 * Errors of all calls: `GM_PROTOCOL` for what is no pkt-line, a stream that ends within one, and an `ERR` packet of the
 * client; a {@link Refusal} for a line that is longer than allowed.
 */
export class RequestPackets {
  readonly #input: AsyncIterator<Uint8Array>;
  readonly #decoder = new PacketDecoder();
  readonly #maxPktLineBytes: number;
  #peeked: RequestItem | undefined;
  #endsGently = false;

  constructor(input: ByteStream, maxPktLineBytes: number) {
    this.#input = input[Symbol.asyncIterator]();
    this.#maxPktLineBytes = maxPktLineBytes;
  }

  /** The next item if it has come already. Never `end`. */
  tryRead(): RequestItem | undefined {
    const peeked = this.#peeked;
    if (peeked !== undefined) {
      this.#peeked = undefined;
      return peeked;
    }
    const packet = this.#decoder.next();
    return packet === undefined ? undefined : this.#itemOf(packet);
  }

  /** The next item, waited for. After `end` nothing else comes. */
  async read(): Promise<RequestItem> {
    for (;;) {
      const item = this.tryRead();
      if (item !== undefined) return item;
      const next = await this.#input.next();
      if (next.done === true) {
        if (!this.#isBetweenPackets() && !this.#endsGently) throw requestError('the remote end hung up unexpectedly');
        return end;
      }
      this.#decoder.push(next.value);
    }
  }

  /** As {@link read}, and the item stays the next one. */
  async peek(): Promise<RequestItem> {
    return (this.#peeked ??= await this.read());
  }

  /** Whether the stream has ended, even if that is within a packet: where git takes either for a goodbye. */
  async isOver(): Promise<boolean> {
    this.#endsGently = true;
    const { type } = await this.peek();
    this.#endsGently = false;
    return type === 'end';
  }

  /** Leaves the rest of the stream. */
  async release(): Promise<void> {
    await this.#input.return?.();
  }

  #isBetweenPackets(): boolean {
    return this.#decoder.takeRest().length === 0;
  }

  #itemOf(packet: Packet): RequestItem {
    if (packet.type !== 'data') return packet;
    const { payload } = packet;
    if (payload.length + 4 > this.#maxPktLineBytes) {
      throw new Refusal(`upload-pack: a pkt-line is longer than ${String(this.#maxPktLineBytes)} bytes`);
    }
    const line = lineOf(payload);
    if (line.startsWith('ERR ')) throw requestError(`remote error: ${line.slice(4)}`);
    return { type: 'line', line };
  }
}

/** Git reads lines as C strings, which end at a NUL. Names in them need not be UTF-8. */
function lineOf(payload: Uint8Array): string {
  const nul = payload.indexOf(0);
  const end = nul < 0 ? payload.length : nul;
  return decodeRawText(payload, 0, payload[end - 1] === 0x0a ? end - 1 : end);
}
