import { limits } from '../core/limits.ts';
import { badLengthError, decodePacketLength, lengthBytes } from '../wire/packet-length.ts';

/** What {@link PacketBoundaryScanner.scan} found. */
export interface PacketBoundary {
  /** Bytes of the chunk that are settled: up to and with the marker, or all but a length that the chunk ends within. */
  readonly end: number;
  readonly marker: 'flush' | 'response-end' | undefined;
}

/**
 * Follows pkt-lines through chunks without decoding them, to find where a message ends: at its flush packet or its
 * response-end packet (gitprotocol-v2, "Packet-Line Framing").
 */
export class PacketBoundaryScanner {
  /** Bytes of the current packet that are still to come. */
  #remaining = 0;

  /**
   * Looks for the first marker in `chunk`. What lies behind `end` is passed in again, at the beginning of the next
   * chunk. Throws `GM_PROTOCOL` for a length that is none.
   */
  scan(chunk: Uint8Array): PacketBoundary {
    let offset = 0;
    for (;;) {
      const step = Math.min(this.#remaining, chunk.length - offset);
      this.#remaining -= step;
      offset += step;
      if (chunk.length - offset < lengthBytes) return { end: offset, marker: undefined };
      const length = decodePacketLength(chunk, offset);
      offset += lengthBytes;
      if (length === 0) return { end: offset, marker: 'flush' };
      if (length === 2) return { end: offset, marker: 'response-end' };
      if (length < 0 || length === 3 || length > limits.maxPktLineBytes) {
        throw badLengthError(chunk.subarray(offset - lengthBytes), limits.maxPktLineBytes);
      }
      this.#remaining = Math.max(0, length - lengthBytes);
    }
  }
}
