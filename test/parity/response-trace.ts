import type { RecordedExchange } from '../servers/git-server.ts';
import { finalProgress, maskIdentity } from './packet-trace.ts';

/** Headers that say something of the service and not of the connection. */
const toldHeaders = ['content-type', 'cache-control', 'expires', 'pragma', 'location'];

/**
 * What the server sent, packet by packet: unlike the client's own trace it is the same for every client, and goes on
 * behind the pack. Of a pack it tells how many objects it has and how the bytes end.
 */
export function describeExchange(exchange: RecordedExchange): readonly string[] {
  const { method, target, status, headers, body } = exchange;
  const told = toldHeaders.flatMap((name) => {
    const value = headers.get(name);
    return value === undefined ? [] : [`${name}: ${value}`];
  });
  const type = headers.get('content-type') ?? '';
  const content = type.startsWith('application/x-git-upload-pack') ? describePackets(body) : [body.toString('latin1')];
  return [`${method} ${target} ${status}`, ...told, ...content];
}

/** The packets of one answer, one a line. A pack that is not in a sideband ends the list. */
export function describePackets(body: Buffer): readonly string[] {
  const lines: string[] = [];
  const pack: Buffer[] = [];
  let progress = '';
  let at = 0;
  const flush = (): void => {
    for (const line of finalProgress(progress)) lines.push(`2 ${line}`);
    progress = '';
    if (pack.length > 0) lines.push(describePack(Buffer.concat(pack)));
    pack.length = 0;
  };
  while (at < body.length) {
    if (body.toString('latin1', at, at + 4) === 'PACK') {
      flush();
      lines.push(`raw ${describePack(body.subarray(at))}`);
      return lines;
    }
    const digits = body.toString('latin1', at, at + 4);
    const length = /^[0-9a-f]{4}$/.test(digits) ? Number.parseInt(digits, 16) : Number.NaN;
    if (Number.isNaN(length) || (length > 2 && length < 4) || at + length > body.length) {
      lines.push(`broken at the end: ${JSON.stringify(body.toString('latin1', at, at + 40))}`);
      return lines;
    }
    if (length < 4) {
      flush();
      lines.push(`000${length}`);
      at += 4;
      continue;
    }
    const content = body.subarray(at + 4, at + length);
    at += length;
    const band = content[0];
    // With sideband-all the lines in front of the pack are on band 1 as well.
    const isPack = pack.length > 0 || content.toString('latin1', 1, 5) === 'PACK';
    if (band === 1 && isPack) pack.push(content.subarray(1));
    else if (band === 2) progress += content.toString('utf8', 1);
    else {
      flush();
      lines.push(maskIdentity(JSON.stringify(content.toString('utf8'))));
    }
  }
  flush();
  return lines;
}

function describePack(bytes: Buffer): string {
  return `PACK version ${bytes.readUInt32BE(4)}, ${bytes.readUInt32BE(8)} objects`;
}
