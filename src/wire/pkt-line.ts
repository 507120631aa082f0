import { encodeUtf8 } from '../core/bytes.ts';
import { GitMirrorError } from '../core/error.ts';
import { limits } from '../core/limits.ts';
import { encodeRawText } from '../core/raw-text.ts';
import { badLengthError, decodePacketLength, encodePacketLength, lengthBytes } from './packet-length.ts';

/**
 * One pkt-line (gitprotocol-common, "pkt-line Format"), or one of the three markers without payload (gitprotocol-v2,
 * "Packet-Line Framing"). `0004` is data with an empty payload.
 */
export type Packet =
  | { readonly type: 'data'; readonly payload: Uint8Array }
  | { readonly type: 'flush' }
  | { readonly type: 'delim' }
  | { readonly type: 'response-end' };

const markers = [{ type: 'flush' }, { type: 'delim' }, { type: 'response-end' }] as const satisfies readonly Packet[];

/** One data packet, freshly allocated; text is sent as UTF-8 as it is. Longer than pkt-line allows: `GM_LIMIT`. */
export function encodePacket(payload: Uint8Array | string): Uint8Array {
  const bytes = typeof payload === 'string' ? encodeUtf8(payload) : payload;
  const length = checkedLength(bytes.length);
  const packet = new Uint8Array(length);
  encodePacketLength(length, packet, 0);
  packet.set(bytes, lengthBytes);
  return packet;
}

/** `0000`, freshly allocated. */
export function encodeFlush(): Uint8Array {
  return encodeUtf8('0000');
}

/** `0001`, freshly allocated. */
export function encodeDelim(): Uint8Array {
  return encodeUtf8('0001');
}

/** `0002`, freshly allocated. */
export function encodeResponseEnd(): Uint8Array {
  return encodeUtf8('0002');
}

/** The payload as text without one LF at its end; malformed UTF-8 becomes U+FFFD. */
export function textOf(payload: Uint8Array): string {
  const last = payload.length - 1;
  const length = payload[last] === 0x0a ? last : payload.length;
  // Three times as fast for short lines as TextDecoder.
  return Buffer.from(payload.buffer, payload.byteOffset, length).toString('utf8');
}

function checkedLength(payloadBytes: number): number {
  const length = payloadBytes + lengthBytes;
  if (length <= limits.maxPktLineBytes) return length;
  throw new GitMirrorError(
    'GM_LIMIT',
    `writing a pkt-line: ${payloadBytes} bytes do not fit into one, ${limits.maxPktLineBytes - lengthBytes} do`,
  );
}

/** Packets joined into one growing buffer. A call that throws (`GM_LIMIT`: packet too long) has written nothing. */
export class PacketWriter {
  #buffer: Buffer;
  #length = 0;

  constructor(initialBytes = 1024) {
    this.#buffer = Buffer.from(new ArrayBuffer(initialBytes));
  }

  /** Bytes written since the last {@link finish}. */
  get length(): number {
    return this.#length;
  }

  /** A line of text as UTF-8, or as the bytes that it stands for (`decodeRawText`); the LF is added. */
  line(text: string): this {
    if (!text.isWellFormed()) return this.data(encodeRawText(`${text}\n`));
    // No character takes less than one byte, or more than three for a UTF-16 unit.
    checkedLength(text.length + 1);
    this.#reserve(lengthBytes + 3 * text.length + 1);
    const textBytes = this.#buffer.write(text, this.#length + lengthBytes, 'utf8');
    const length = checkedLength(textBytes + 1);
    encodePacketLength(length, this.#buffer, this.#length);
    this.#buffer[this.#length + length - 1] = 0x0a;
    this.#length += length;
    return this;
  }

  /** A data packet; text is sent as UTF-8 with nothing added. */
  data(payload: Uint8Array | string): this {
    const bytes = typeof payload === 'string' ? encodeUtf8(payload) : payload;
    const length = checkedLength(bytes.length);
    this.#reserve(length);
    encodePacketLength(length, this.#buffer, this.#length);
    this.#buffer.set(bytes, this.#length + lengthBytes);
    this.#length += length;
    return this;
  }

  /** `0000` */
  flush(): this {
    return this.#marker(0);
  }

  /** `0001` */
  delim(): this {
    return this.#marker(1);
  }

  /** `0002` */
  responseEnd(): this {
    return this.#marker(2);
  }

  /** All that was written since the last call. The caller owns it, and the writer is empty. */
  finish(): Uint8Array {
    const written = new Uint8Array(this.#buffer.buffer, 0, this.#length);
    this.#buffer = Buffer.from(new ArrayBuffer(this.#buffer.length));
    this.#length = 0;
    return written;
  }

  #marker(length: number): this {
    this.#reserve(lengthBytes);
    encodePacketLength(length, this.#buffer, this.#length);
    this.#length += lengthBytes;
    return this;
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#buffer.length) return;
    const larger = Buffer.from(new ArrayBuffer(Math.max(needed, 2 * this.#buffer.length)));
    larger.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = larger;
  }
}

/** Chunks that were read are let go once there are this many and they are half of all: each is moved at most once. */
const compactionChunks = 1024;

/**
 * Packets out of chunks of any size. After each {@link push}, take packets with {@link next} until there are none:
 * what is not taken stays buffered. A payload is a view of the chunk it came in when it lies in one, else a copy; the
 * chunk must stay unchanged for as long as the payload is used.
 */
export class PacketDecoder {
  readonly #maxPacketBytes: number;
  #chunks: Uint8Array[] = [];
  /** Index of the first chunk that is not read to its end, and the offset in it. */
  #head = 0;
  #offset = 0;
  #buffered = 0;
  /** Length of the packet at the front; undefined until its four digits are there. */
  #length: number | undefined;

  constructor(options: { readonly maxPacketBytes?: number } = {}) {
    this.#maxPacketBytes = options.maxPacketBytes ?? limits.maxPktLineBytes;
  }

  /** Appends `chunk`, which is kept, not copied. */
  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#buffered += chunk.length;
  }

  /**
   * The next packet, or undefined when more bytes are needed. What is not a pkt-line, or is longer than allowed, is
   * `GM_PROTOCOL` with an excerpt; the decoder then stays where it is.
   */
  next(): Packet | undefined {
    const length = (this.#length ??= this.#readLength());
    if (length === undefined) return undefined;
    if (length < lengthBytes) {
      this.#take(lengthBytes);
      this.#length = undefined;
      return markers[length];
    }
    if (this.#buffered < length) return undefined;
    this.#length = undefined;
    return { type: 'data', payload: this.#take(length).subarray(lengthBytes) };
  }

  /** How many bytes at least must be pushed before {@link next} can return a packet; 0 when it can now. */
  get neededBytes(): number {
    return Math.max(0, (this.#length ?? lengthBytes) - this.#buffered);
  }

  /** The bytes behind the last packet that was taken; the decoder is empty afterwards. */
  takeRest(): Uint8Array {
    this.#length = undefined;
    return this.#take(this.#buffered);
  }

  /** To be called where the stream ends. `GM_PROTOCOL` when a part of a packet is left. */
  end(): void {
    if (this.#buffered === 0) return;
    throw new GitMirrorError(
      'GM_PROTOCOL',
      `reading a pkt-line of the remote: the stream ended in the middle of one, ${this.neededBytes} bytes before its end`,
    );
  }

  #readLength(): number | undefined {
    if (this.#buffered < lengthBytes) return undefined;
    const first = this.#chunks[this.#head];
    const direct = first !== undefined && first.length - this.#offset >= lengthBytes;
    const length = direct ? decodePacketLength(first, this.#offset) : decodePacketLength(this.#peek(lengthBytes), 0);
    if (length < 0 || length === 3 || length > this.#maxPacketBytes) {
      throw badLengthError(this.#peek(Math.min(this.#buffered, 64)), this.#maxPacketBytes);
    }
    return length;
  }

  /** A copy of the first `count` buffered bytes. */
  #peek(count: number): Uint8Array {
    const copy = new Uint8Array(count);
    let filled = 0;
    for (let index = this.#head; filled < count; index += 1) {
      const chunk = this.#chunks[index];
      if (chunk === undefined) break;
      const start = index === this.#head ? this.#offset : 0;
      const part = chunk.subarray(start, start + count - filled);
      copy.set(part, filled);
      filled += part.length;
    }
    return copy;
  }

  #take(count: number): Uint8Array {
    const first = this.#chunks[this.#head];
    if (first !== undefined && first.length - this.#offset >= count) {
      const view = first.subarray(this.#offset, this.#offset + count);
      this.#skip(count);
      return view;
    }
    const copy = this.#peek(count);
    this.#skip(count);
    return copy;
  }

  #skip(count: number): void {
    this.#buffered -= count;
    this.#offset += count;
    for (let chunk = this.#chunks[this.#head]; chunk !== undefined; chunk = this.#chunks[this.#head]) {
      if (this.#offset < chunk.length) break;
      this.#offset -= chunk.length;
      this.#head += 1;
    }
    if (this.#head === this.#chunks.length) this.#chunks = [];
    else if (this.#head >= compactionChunks && 2 * this.#head >= this.#chunks.length)
      this.#chunks.splice(0, this.#head);
    else return;
    this.#head = 0;
  }
}
