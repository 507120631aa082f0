import { PacketDecoder } from '../../src/wire/pkt-line.ts';
import type { Packet } from '../../src/wire/pkt-line.ts';

/** `bytes` cut into chunks at fractions (0 to 1) of its length; each chunk is a copy. */
export function splitAt(bytes: Uint8Array, fractions: readonly number[]): Uint8Array[] {
  const cuts = fractions.map((fraction) => Math.floor(fraction * bytes.length)).sort((left, right) => left - right);
  const chunks: Uint8Array[] = [];
  let start = 0;
  for (const cut of [...cuts, bytes.length]) {
    chunks.push(bytes.slice(start, cut));
    start = cut;
  }
  return chunks;
}

/** `bytes` in one piece, byte by byte, and cut at `fractions`. */
export function feedings(bytes: Uint8Array, fractions: readonly number[]): Uint8Array[][] {
  return [[bytes], Array.from(bytes, (byte) => Uint8Array.of(byte)), splitAt(bytes, fractions)];
}

/** All packets in `chunks`, which must hold nothing else. */
export function packetsIn(chunks: readonly Uint8Array[]): Packet[] {
  const decoder = new PacketDecoder();
  const packets: Packet[] = [];
  for (const chunk of chunks) {
    decoder.push(chunk);
    for (let packet = decoder.next(); packet !== undefined; packet = decoder.next()) packets.push(packet);
  }
  decoder.end();
  return packets;
}

/** A packet decoder of any message. */
interface MessageDecoder<Result> {
  push(packet: Packet): boolean;
  result(): Result;
}

/** What `decoder` makes of the packets in `chunks`, of which it must want neither more nor less. */
export function decodeMessage<Result>(decoder: MessageDecoder<Result>, chunks: readonly Uint8Array[]): Result {
  const packets = packetsIn(chunks);
  const completeAt = packets.findIndex((packet) => decoder.push(packet));
  if (completeAt !== packets.length - 1) {
    throw new Error(`complete at packet ${completeAt + 1} of ${packets.length}`);
  }
  return decoder.result();
}

/** Lines, each with its LF, and markers (`0000`, `0001`, `0002`) as pkt-lines. */
export function pktLines(...items: readonly string[]): Uint8Array {
  const lines = items.map((item) => {
    if (/^000[0-2]$/.test(item)) return item;
    return (Buffer.byteLength(item) + 5).toString(16).padStart(4, '0') + `${item}\n`;
  });
  return new TextEncoder().encode(lines.join(''));
}
