import { concatBytes } from '../core/bytes.ts';
import { GitMirrorError } from '../core/error.ts';
import { limits } from '../core/limits.ts';
import { isErrorPacket, remoteError } from './error-packet.ts';
import { MessageLines } from './message-lines.ts';
import { badLengthError, decodePacketLength, encodePacketLength, lengthBytes } from './packet-length.ts';
import { printableText } from './printable-text.ts';

/** 1: data, 2: progress and messages, 3: the error that ends the stream. */
export type Band = 1 | 2 | 3;

const defaultDoing = 'reading the sideband of the remote';
const headerBytes = lengthBytes + 1;
/** First byte of an `ERR ` packet, which a server may send where a band is due. */
const errorPacketByte = 0x45;

/** Length digits → band → payload → length digits …; a flush ends it. */
type State = 'length' | 'band' | 'payload' | 'done' | 'failed';

/**
 * Takes a sideband stream apart (gitprotocol-pack, "Packfile Data"). Band 1 comes out as it comes in, as views of the
 * chunks, also when only a part of its packet is there: nothing of it is buffered. Works for both packet sizes.
 */
export class SidebandDecoder {
  readonly #maxPacketBytes: number;
  readonly #doing: string;
  readonly #messages = new MessageLines();
  readonly #header = new Uint8Array(lengthBytes);
  #headerFill = 0;
  #state: State = 'length';
  #band = 0;
  /** Payload bytes of the packet that have not come yet. */
  #remaining = 0;
  /** Text of band 3, or of an error packet, so far. */
  #errorText: Uint8Array[] = [];
  #rest: Uint8Array[] = [];

  /** @param options `doing` begins the sentence of every error: "fetching main from …". */
  constructor(options: { readonly maxPacketBytes?: number; readonly doing?: string } = {}) {
    this.#maxPacketBytes = options.maxPacketBytes ?? limits.maxPktLineBytes;
    this.#doing = options.doing ?? defaultDoing;
  }

  /**
   * The band-1 bytes of `chunk`, as views of it. Errors: `GM_REMOTE` band 3 or an error packet, with the server's
   * words; `GM_PROTOCOL` not a sideband packet. Band-1 bytes that stood in front of it in the same chunk are then lost,
   * messages stay readable, and nothing more may be pushed.
   */
  push(chunk: Uint8Array): readonly Uint8Array[] {
    const data: Uint8Array[] = [];
    let offset = 0;
    while (offset < chunk.length) {
      switch (this.#state) {
        case 'length':
          offset = this.#readLength(chunk, offset);
          break;
        case 'band':
          this.#band = chunk[offset] ?? 0;
          offset += 1;
          this.#beginPayload();
          break;
        case 'payload': {
          const part = chunk.subarray(offset, offset + this.#remaining);
          offset += part.length;
          this.#remaining -= part.length;
          if (this.#band === 1) data.push(part);
          else this.#control(part);
          if (this.#remaining === 0) this.#endPayload();
          break;
        }
        case 'done':
          this.#rest.push(chunk.subarray(offset));
          return data;
        case 'failed':
          throw new GitMirrorError('GM_INTERNAL', `${this.#doing}: it has failed already`);
      }
    }
    return data;
  }

  /** The lines of band 2 since the last call, printable, oldest first. The last one without an end comes when it is over. */
  takeMessages(): string[] {
    if (this.#state === 'done' || this.#state === 'failed') this.#messages.finish();
    return this.#messages.take();
  }

  /** Whether the flush that ends the stream has come. */
  get done(): boolean {
    return this.#state === 'done';
  }

  /** The bytes pushed behind the flush: views when they came in one chunk. */
  takeRest(): Uint8Array {
    const rest = concatBytes(this.#rest);
    this.#rest = [];
    return rest;
  }

  /** To be called where the stream ends. `GM_PROTOCOL` without the flush; `GM_REMOTE` when it ended within an error. */
  end(): void {
    if (this.#state === 'done') return;
    const interrupted = this.#state === 'payload' && this.#errorText.length > 0;
    this.#state = 'failed';
    if (interrupted) this.#throwRemote();
    throw new GitMirrorError('GM_PROTOCOL', `${this.#doing}: it ended before its flush packet`);
  }

  #readLength(chunk: Uint8Array, start: number): number {
    const part = chunk.subarray(start, start + lengthBytes - this.#headerFill);
    this.#header.set(part, this.#headerFill);
    this.#headerFill += part.length;
    const offset = start + part.length;
    if (this.#headerFill < lengthBytes) return offset;
    this.#headerFill = 0;
    const length = decodePacketLength(this.#header, 0);
    if (length === 0) {
      this.#state = 'done';
    } else if (length <= lengthBytes || length > this.#maxPacketBytes) {
      this.#state = 'failed';
      const shown = concatBytes([this.#header, chunk.subarray(offset, offset + 64)]);
      throw badLengthError(shown, this.#maxPacketBytes);
    } else {
      this.#remaining = length - headerBytes;
      this.#state = 'band';
    }
    return offset;
  }

  #beginPayload(): void {
    const band = this.#band;
    if (band !== 1 && band !== 2 && band !== 3 && band !== errorPacketByte) this.#throwBadBand('');
    if (band === errorPacketByte) this.#errorText.push(Uint8Array.of(errorPacketByte));
    this.#state = 'payload';
    // An empty packet of band 1 or 2 keeps the connection alive.
    if (this.#remaining === 0) this.#endPayload();
  }

  #control(part: Uint8Array): void {
    if (this.#band === 2) this.#messages.push(part);
    // The chunk may be reused before the packet is complete.
    else this.#errorText.push(part.slice());
  }

  #endPayload(): void {
    this.#state = 'length';
    if (this.#band === 1 || this.#band === 2) return;
    this.#throwRemote();
  }

  #throwRemote(): never {
    this.#state = 'failed';
    const text = concatBytes(this.#errorText);
    if (this.#band === 3) throw remoteError(text, this.#doing);
    if (isErrorPacket(text)) throw remoteError(text.subarray(4), this.#doing);
    this.#throwBadBand(`; the packet begins "${printableText(text, 80)}"`);
  }

  #throwBadBand(excerpt: string): never {
    this.#state = 'failed';
    throw new GitMirrorError('GM_PROTOCOL', `${this.#doing}: there is no band ${this.#band}${excerpt}`);
  }
}

/**
 * `payload` as sideband packets of at most `maxPacketBytes` (65520 with `side-band-64k`, 1000 with `side-band`):
 * headers and views of `payload` by turns, so that nothing is copied. An empty payload makes one empty packet, which
 * keeps a connection alive. The flush that ends the stream is not among them.
 */
export function encodeSideband(
  band: Band,
  payload: Uint8Array,
  maxPacketBytes: number = limits.maxPktLineBytes,
): Uint8Array[] {
  const maxData = maxPacketBytes - headerBytes;
  if (maxData < 1 || maxPacketBytes > limits.maxPktLineBytes) {
    throw new GitMirrorError('GM_INTERNAL', `writing sideband packets: ${maxPacketBytes} bytes is no size for one`);
  }
  const pieces: Uint8Array[] = [];
  for (let offset = 0; offset === 0 || offset < payload.length; offset += maxData) {
    const data = payload.subarray(offset, offset + maxData);
    const header = new Uint8Array(headerBytes);
    encodePacketLength(headerBytes + data.length, header, 0);
    header[lengthBytes] = band;
    pieces.push(header);
    if (data.length > 0) pieces.push(data);
  }
  return pieces;
}
