import type { Packet } from '../wire/pkt-line.ts';

/** Takes one line of a packet trace, without its line end. */
export type TraceSink = (line: string) => void;

const printable = /[^\u0020-\u007e]/g;

function escapeByte(character: string): string {
  return `\\${(character.codePointAt(0) ?? 0).toString(8)}`;
}

function payloadText(payload: Uint8Array): string {
  // Byte by byte, as git does it: what is beyond ASCII comes out as the octal form of its UTF-8 bytes.
  const text = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString('latin1');
  if (text.startsWith('PACK')) return 'PACK ...';
  return text.replaceAll('\n', '').replace(printable, escapeByte);
}

function packetText(packet: Packet): string {
  switch (packet.type) {
    case 'flush':
      return '0000';
    case 'delim':
      return '0001';
    case 'response-end':
      return '0002';
    case 'data':
      return payloadText(packet.payload);
  }
}

function clock(now: Date): string {
  const pad = (value: number, width: number) => String(value).padStart(width, '0');
  const time = [now.getHours(), now.getMinutes(), now.getSeconds()].map((part) => pad(part, 2)).join(':');
  return `${time}.${pad(now.getMilliseconds() * 1000, 6)}`;
}

/**
 * Writes packets in the form of git's own `GIT_TRACE_PACKET`: time, who, direction (`<` received, `>` sent), payload
 * with everything but printable ASCII as octal escapes. Pack bytes are not written out.
 */
export class PacketTrace {
  readonly #sink: TraceSink;
  readonly #identity: string;

  /** @param identity who speaks, as git shows it: `fetch`, `push`, … */
  constructor(sink: TraceSink, identity: string) {
    this.#sink = sink;
    this.#identity = identity;
  }

  /** A packet came from the other side. */
  received(packet: Packet): void {
    this.#write('<', packetText(packet));
  }

  /** A packet goes to the other side. */
  sent(packet: Packet): void {
    this.#write('>', packetText(packet));
  }

  #write(direction: '<' | '>', text: string): void {
    this.#sink(`${clock(new Date())} packet: ${this.#identity.padStart(12)}${direction} ${text}`);
  }
}
