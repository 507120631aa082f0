import { PacketDecoder } from '../../src/wire/pkt-line.ts';

/** An answer of upload-pack taken apart, for comparing. */
export interface UploadOutput {
  /** Lines in front of the pack and behind it, with markers as `0000` and bands as `<1>`; what always differs is masked. */
  readonly lines: readonly string[];
  /** Band 1, or all that follows where there are no bands. */
  readonly pack: Buffer;
  /** Band 2. */
  readonly messages: string;
  /** Band 3. */
  readonly error: string;
}

/** Takes an answer apart. What stands in front of the pack is in `lines`; sideband packets begin where `packfile` says. */
export function readUploadOutput(output: Uint8Array): UploadOutput {
  const lines: string[] = [];
  const pack: Buffer[] = [];
  let messages = '';
  let error = '';
  const decoder = new PacketDecoder();
  let rest = Buffer.from(output);
  while (rest.length > 0) {
    if (rest.subarray(0, 4).toString('latin1') === 'PACK') {
      pack.push(rest);
      break;
    }
    const length = Number.parseInt(rest.subarray(0, 4).toString('latin1'), 16);
    const size = Math.max(4, length);
    decoder.push(rest.subarray(0, size));
    rest = rest.subarray(size);
    const packet = decoder.next();
    if (packet === undefined) throw new Error('the answer ends within a pkt-line');
    if (packet.type !== 'data') {
      lines.push({ flush: '0000', delim: '0001', 'response-end': '0002' }[packet.type]);
      continue;
    }
    const payload = Buffer.from(packet.payload);
    const band = payload[0];
    const text = payload.toString('latin1');
    const isSection = /^\u0001(?:acknowledgments|NAK|ACK|ready|wanted-refs|shallow|unshallow|packfile|[0-9a-f]{40} )/;
    if (band === 1 && !isSection.test(text)) pack.push(payload.subarray(1));
    else if (band === 2) messages += text.slice(1);
    else if (band === 3) error += text.slice(1);
    else lines.push(mask(text));
  }
  return { lines, pack: Buffer.concat(pack), messages, error };
}

function mask(text: string): string {
  return text
    .replace(/\u0001/g, '<1>')
    .replace(/agent=git[^\s]*/g, 'agent=…')
    .replace(/session-id=[^\s]*/g, 'session-id=…')
    .replace('\0', '<NUL>');
}
