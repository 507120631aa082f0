import { GitMirrorError } from '../core/error.ts';
import { limits } from '../core/limits.ts';
import { CapabilityLines } from './capabilities.ts';
import { PacketWriter, textOf } from './pkt-line.ts';
import type { Packet } from './pkt-line.ts';
import { badLineError } from './protocol-line.ts';

/** A request of protocol v2 (gitprotocol-v2, "Command Request"). */
export interface CommandRequest {
  readonly command: string;
  /** Each `name` or `name=value`: `agent=…`, `object-format=…`, `server-option=…`. */
  readonly capabilities: readonly string[];
  /** One to a line, without LF. */
  readonly args: readonly string[];
}

const doing = 'reading a request of the client';

/** A writer that holds the command, the capabilities and the delimiter; the arguments and a flush are to follow. */
export function beginCommandRequest(command: string, capabilities: readonly string[]): PacketWriter {
  const writer = new PacketWriter().line(`command=${command}`);
  for (const capability of capabilities) writer.line(capability);
  return writer.delim();
}

/**
 * The request that `packets` begins with, read to its flush; undefined for the empty request that says goodbye.
 * `GM_PROTOCOL` when there is no command, more than one, or no flush; `GM_LIMIT` for too many lines.
 */
export function decodeCommandRequest(
  packets: Iterable<Packet>,
  options: { readonly maxLines?: number } = {},
): CommandRequest | undefined {
  const maxLines = options.maxLines ?? limits.maxRequestLines;
  let command: string | undefined;
  const capabilities = new CapabilityLines();
  const args: string[] = [];
  let hasArgs = false;
  let count = 0;
  for (const packet of packets) {
    if (packet.type === 'flush') {
      if (command !== undefined) return { command, capabilities: capabilities.lines, args };
      if (count === 0) return undefined;
      throw new GitMirrorError('GM_PROTOCOL', `${doing}: it names no command`);
    }
    count += 1;
    if (count > maxLines) throw new GitMirrorError('GM_LIMIT', `${doing}: it has more than ${maxLines} lines`);
    if (packet.type === 'delim' && !hasArgs) {
      hasArgs = true;
      continue;
    }
    if (packet.type !== 'data') {
      throw new GitMirrorError('GM_PROTOCOL', `${doing}: a ${packet.type} packet has no place here`);
    }
    const line = textOf(packet.payload);
    if (hasArgs) {
      args.push(line);
    } else if (!line.startsWith('command=')) {
      capabilities.add(line);
    } else {
      if (command !== undefined) throw badLineError(doing, 'only one command', line);
      command = line.slice('command='.length);
    }
  }
  throw new GitMirrorError('GM_PROTOCOL', `${doing}: it ended before its flush packet`);
}

/** As {@link decodeCommandRequest}, and `GM_PROTOCOL` unless it is for `command`. */
export function requireCommand(
  command: string,
  packets: Iterable<Packet>,
  options?: { readonly maxLines?: number },
): CommandRequest {
  const request = decodeCommandRequest(packets, options);
  if (request?.command === command) return request;
  throw badLineError(doing, `the command ${command}`, request?.command ?? '');
}
