import { GitMirrorError } from '../core/error.ts';
import type { ObjectFormat, ObjectId } from '../core/object-id.ts';
import { formatCapabilityList } from './capabilities.ts';
import { throwIfErrorPacket } from './error-packet.ts';
import { encodePacket, PacketWriter, textOf } from './pkt-line.ts';
import { badLineError, parseOid } from './protocol-line.ts';
import { parseShallowLine } from './shallow-line.ts';
import type { ShallowLine } from './shallow-line.ts';

export type { ShallowLine };

/** What a client of protocol v0 or v1 asks for (gitprotocol-pack, "upload-request"). */
export interface UploadRequest {
  /** At least one. */
  readonly wants: readonly ObjectId[];
  /** Chosen from those advertised; they go with the first want. */
  readonly capabilities: readonly string[];
  /** Commits whose parents the client does not have. */
  readonly shallows?: readonly ObjectId[] | undefined;
  /** Depth in commits, above zero. */
  readonly depth?: number | undefined;
  /** Seconds since 1970; needs the capability `deepen-since`. */
  readonly deepenSince?: number | undefined;
  /** Needs the capability `deepen-not`. */
  readonly deepenNot?: readonly string[] | undefined;
  /** Filter spec with its numbers written out; needs the capability `filter`. */
  readonly filter?: string | undefined;
}

const doing = 'reading the negotiation with the remote';

/** The request with the flush that ends it, freshly allocated. `GM_INTERNAL` when it wants nothing. */
export function encodeUploadRequest(request: UploadRequest): Uint8Array {
  const [first, ...others] = request.wants;
  if (first === undefined) throw new GitMirrorError('GM_INTERNAL', 'writing an upload request: it wants nothing');
  const capabilities = formatCapabilityList(request.capabilities);
  const writer = new PacketWriter().line(capabilities === '' ? `want ${first}` : `want ${first} ${capabilities}`);
  for (const oid of others) writer.line(`want ${oid}`);
  for (const oid of request.shallows ?? []) writer.line(`shallow ${oid}`);
  if (request.depth !== undefined) writer.line(`deepen ${request.depth}`);
  if (request.deepenSince !== undefined) writer.line(`deepen-since ${request.deepenSince}`);
  for (const ref of request.deepenNot ?? []) writer.line(`deepen-not ${ref}`);
  if (request.filter !== undefined) writer.line(`filter ${request.filter}`);
  return writer.flush().finish();
}

/** A line for each object the client has, freshly allocated. The flush or `done` that ends a round is not among them. */
export function encodeHaveLines(haves: readonly ObjectId[]): Uint8Array {
  const writer = new PacketWriter();
  for (const oid of haves) writer.line(`have ${oid}`);
  return writer.finish();
}

/** The `done` that ends the negotiation, freshly allocated. */
export function encodeDone(): Uint8Array {
  return encodePacket('done\n');
}

/** `continue` with multi_ack; `common` and `ready` with multi_ack_detailed. */
export type AckStatus = 'continue' | 'common' | 'ready';

/** One answer of the server to haves (gitprotocol-pack, "server-response"). */
export type AckLine =
  { readonly kind: 'nak' } | { readonly kind: 'ack'; readonly oid: ObjectId; readonly status?: AckStatus };

/** The line in `payload`. `GM_REMOTE` for an error packet, `GM_PROTOCOL` for anything else. */
export function decodeAckLine(payload: Uint8Array, format: ObjectFormat): AckLine {
  throwIfErrorPacket(payload, doing);
  const line = textOf(payload);
  if (line === 'NAK') return { kind: 'nak' };
  const [word, name, status, ...more] = line.split(' ');
  const oid = word === 'ACK' && name !== undefined && more.length === 0 ? parseOid(name, format) : undefined;
  if (oid !== undefined && status === undefined) return { kind: 'ack', oid };
  if (oid !== undefined && (status === 'continue' || status === 'common' || status === 'ready')) {
    return { kind: 'ack', oid, status };
  }
  throw badLineError(doing, 'ACK or NAK', line);
}

/** The line in `payload`. `GM_REMOTE` for an error packet, `GM_PROTOCOL` for anything else. */
export function decodeShallowLine(payload: Uint8Array, format: ObjectFormat): ShallowLine {
  throwIfErrorPacket(payload, doing);
  return parseShallowLine(textOf(payload), format, doing);
}
