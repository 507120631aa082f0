import { GitMirrorError } from '../core/error.ts';
import { limits } from '../core/limits.ts';
import { hexLength } from '../core/object-id.ts';
import type { ObjectFormat, ObjectId } from '../core/object-id.ts';
import { Capabilities, requireObjectFormat } from './capabilities.ts';
import { encodePacket, textOf } from './pkt-line.ts';
import type { Packet } from './pkt-line.ts';
import { badLineError, parseOid, parsePositive, parseTimestamp } from './protocol-line.ts';
import type { ShallowLine } from './shallow-line.ts';
import type { AckLine, UploadRequest } from './upload-pack-v0.ts';

const doing = 'reading an upload request';

/** An {@link UploadRequest} as a server reads it: lists are always there. */
export type DecodedUploadRequest = UploadRequest & {
  readonly shallows: readonly ObjectId[];
  readonly deepenNot: readonly string[];
};

/**
 * The request in `packets`, read to its flush; undefined when that comes first, which is how a client leaves. An
 * iterator that is passed in is positioned behind the flush. `GM_PROTOCOL` for what git would not take,
 * `GM_OBJECT_FORMAT` for another hash function than `format`, `GM_LIMIT` for more than `maxLines` lines.
 */
export function decodeUploadRequest(
  packets: Iterator<Packet>,
  format: ObjectFormat,
  options: { readonly maxLines?: number } = {},
): DecodedUploadRequest | undefined {
  const maxLines = options.maxLines ?? limits.maxRequestLines;
  const wants: ObjectId[] = [];
  const shallows: ObjectId[] = [];
  const deepenNot: string[] = [];
  const single: { depth?: number; deepenSince?: number; filter?: string } = {};
  let capabilities: readonly string[] = [];
  for (let lines = 0; ; lines += 1) {
    const packet = packets.next();
    if (packet.done === true) throw new GitMirrorError('GM_PROTOCOL', `${doing}: it ended before its flush packet`);
    if (packet.value.type === 'flush') break;
    if (packet.value.type !== 'data') {
      throw new GitMirrorError('GM_PROTOCOL', `${doing}: a ${packet.value.type} packet has no place in it`);
    }
    if (lines >= maxLines) throw new GitMirrorError('GM_LIMIT', `${doing}: it has more than ${maxLines} lines`);
    const line = textOf(packet.value.payload);
    const blank = line.indexOf(' ');
    const value = line.slice(blank + 1);
    switch (blank < 0 ? '' : line.slice(0, blank)) {
      case 'want': {
        const end = hexLength(format);
        if (wants.length === 0) {
          const parsed = Capabilities.parseList(value.slice(end));
          // git's client does not say which it means; the length of the names does.
          if (parsed.has('object-format')) requireObjectFormat(parsed, format);
          capabilities = parsed.formatLines();
        }
        wants.push(required(parseOid(wants.length === 0 ? value.slice(0, end) : value, format), line));
        break;
      }
      case 'shallow':
        shallows.push(required(parseOid(value, format), line));
        break;
      case 'deepen':
        single.depth = required(parsePositive(value), line);
        break;
      case 'deepen-since':
        single.deepenSince = required(parseTimestamp(value), line);
        break;
      case 'deepen-not':
        deepenNot.push(value);
        break;
      case 'filter':
        if (single.filter !== undefined) throw badLineError(doing, 'one filter', line);
        single.filter = value;
        break;
      default:
        throw badLineError(doing, 'want, shallow, deepen or filter', line);
    }
  }
  if (wants.length > 0) return { wants, capabilities, shallows, deepenNot, ...single };
  if (shallows.length === 0 && deepenNot.length === 0 && Object.keys(single).length === 0) return undefined;
  throw new GitMirrorError('GM_PROTOCOL', `${doing}: it wants nothing`);
}

function required<Value>(value: Value | undefined, line: string): Value {
  if (value === undefined) throw badLineError(doing, 'a legal value', line);
  return value;
}

/** One line of the negotiation as a client sends it. */
export type NegotiationLine = { readonly kind: 'have'; readonly oid: ObjectId } | { readonly kind: 'done' };

/** The line in `payload`; anything else is `GM_PROTOCOL`. */
export function decodeNegotiationLine(payload: Uint8Array, format: ObjectFormat): NegotiationLine {
  const line = textOf(payload);
  if (line === 'done') return { kind: 'done' };
  const oid = line.startsWith('have ') ? parseOid(line.slice('have '.length), format) : undefined;
  if (oid === undefined) throw badLineError('reading the negotiation of the client', 'have or done', line);
  return { kind: 'have', oid };
}

/** The line as a packet, freshly allocated. */
export function encodeAckLine(line: AckLine): Uint8Array {
  if (line.kind === 'nak') return encodePacket('NAK\n');
  return encodePacket(line.status === undefined ? `ACK ${line.oid}\n` : `ACK ${line.oid} ${line.status}\n`);
}

/** The line as a packet, freshly allocated. git sends it without LF. */
export function encodeShallowLine(line: ShallowLine): Uint8Array {
  return encodePacket(`${line.kind} ${line.oid}`);
}
