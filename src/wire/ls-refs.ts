import { GitMirrorError } from '../core/error.ts';
import type { ObjectFormat, ObjectId } from '../core/object-id.ts';
import { isNullOid } from '../core/object-id.ts';
import { isValidRefName } from '../core/ref-name.ts';
import { beginCommandRequest, requireCommand } from './command-request.ts';
import { throwIfErrorPacket } from './error-packet.ts';
import { textOf } from './pkt-line.ts';
import type { Packet } from './pkt-line.ts';
import { badLineError, isReceivedRefName, parseOid, splitOid } from './protocol-line.ts';
import { invalidRef, RefList } from './ref-list.ts';
import type { AdvertisedRef, InvalidRef } from './ref-list.ts';

/** An `ls-refs` request (gitprotocol-v2, "ls-refs"). */
export interface LsRefsRequest {
  /** Each `name` or `name=value`: `agent=…`, `object-format=…`, `server-option=…`. */
  readonly capabilities: readonly string[];
  /** Only refs that begin with one of these; all when there are none. The server may send more than that. */
  readonly prefixes: readonly string[];
  readonly peel: boolean;
  readonly symrefs: boolean;
  /** Also tell of a HEAD that points to a branch not yet born. Only for servers that advertise `ls-refs=unborn`. */
  readonly unborn: boolean;
}

/** A symbolic ref, in practice HEAD, whose target does not exist yet. */
export interface UnbornRef {
  readonly unborn: true;
  readonly name: string;
  readonly symrefTarget?: string;
}

/** What an `ls-refs` answer says. */
export interface LsRefsResult {
  /** In the order sent. */
  readonly refs: readonly AdvertisedRef[];
  readonly unborn: readonly UnbornRef[];
  /** The ref that HEAD points to, born or not, when the server says so. */
  readonly head?: string;
  /** The first of the refs that were left out, and how many there were. */
  readonly invalidRefs: readonly InvalidRef[];
  readonly invalidRefCount: number;
}

const doing = 'reading the refs of the remote';
const symrefPrefix = 'symref-target:';
const peeledPrefix = 'peeled:';

/** The request as bytes, freshly allocated. */
export function encodeLsRefsRequest(request: LsRefsRequest): Uint8Array {
  const writer = beginCommandRequest('ls-refs', request.capabilities);
  if (request.peel) writer.line('peel');
  if (request.symrefs) writer.line('symrefs');
  if (request.unborn) writer.line('unborn');
  for (const prefix of request.prefixes) writer.line(`ref-prefix ${prefix}`);
  return writer.flush().finish();
}

/** The request in `packets`, read to its flush. `GM_PROTOCOL` for anything git would not take; `GM_LIMIT`. */
export function decodeLsRefsRequest(packets: Iterable<Packet>): LsRefsRequest {
  const { capabilities, args } = requireCommand('ls-refs', packets);
  const flags = { peel: false, symrefs: false, unborn: false };
  const prefixes: string[] = [];
  for (const arg of args) {
    if (arg === 'peel' || arg === 'symrefs' || arg === 'unborn') flags[arg] = true;
    else if (arg.startsWith('ref-prefix ')) prefixes.push(arg.slice('ref-prefix '.length));
    else throw badLineError('reading an ls-refs request', 'an argument of ls-refs', arg);
  }
  return { capabilities, prefixes, ...flags };
}

/** One line of the answer, without LF: for `PacketWriter.line`. */
export function encodeLsRefsLine(ref: AdvertisedRef | UnbornRef): string {
  const symref = ref.symrefTarget === undefined ? '' : ` ${symrefPrefix}${ref.symrefTarget}`;
  if ('unborn' in ref) return `unborn ${ref.name}${symref}`;
  return `${ref.oid} ${ref.name}${symref}${ref.peeled === undefined ? '' : ` ${peeledPrefix}${ref.peeled}`}`;
}

/**
 * One line of the answer; unknown attributes are passed over. A name that is not legal, or an all-zero object, makes an
 * {@link InvalidRef}; a line that is nothing of the kind is `GM_PROTOCOL`.
 */
export function decodeLsRefsLine(payload: Uint8Array, format: ObjectFormat): AdvertisedRef | UnbornRef | InvalidRef {
  const line = textOf(payload);
  const isUnborn = line.startsWith('unborn ');
  const fields = isUnborn ? undefined : splitOid(line, format);
  if (fields === undefined && !isUnborn) throw badLineError(doing, `a ref with a ${format} name`, line);
  const rest = fields?.rest ?? line.slice('unborn '.length);
  const blank = rest.indexOf(' ');
  const name = blank < 0 ? rest : rest.slice(0, blank);
  if (!isReceivedRefName(name, payload)) return invalidRef(name);
  const attributes = blank < 0 ? {} : decodeAttributes(rest.slice(blank + 1), line, format);
  if (fields !== undefined) return isNullOid(fields.oid) ? invalidRef(name) : { name, oid: fields.oid, ...attributes };
  const { symrefTarget } = attributes;
  return { unborn: true, name, ...(symrefTarget !== undefined && { symrefTarget }) };
}

function decodeAttributes(
  text: string,
  line: string,
  format: ObjectFormat,
): { symrefTarget?: string; peeled?: ObjectId } {
  const attributes: { symrefTarget?: string; peeled?: ObjectId } = {};
  for (const attribute of text.split(' ')) {
    if (attribute.startsWith(symrefPrefix)) {
      const target = attribute.slice(symrefPrefix.length);
      if (isValidRefName(target)) attributes.symrefTarget = target;
    } else if (attribute.startsWith(peeledPrefix)) {
      const peeled = parseOid(attribute.slice(peeledPrefix.length), format);
      if (peeled === undefined) throw badLineError(doing, `a peeled ${format} name`, line);
      attributes.peeled = peeled;
    }
  }
  return attributes;
}

/**
 * Reads a whole `ls-refs` answer, packet by packet. Errors: `GM_REMOTE` the server sent an error packet; `GM_PROTOCOL`
 * a malformed line or marker; `GM_LIMIT` more than `maxRefs` lines (default `limits.maxRefs`).
 */
export class LsRefsDecoder {
  readonly #format: ObjectFormat;
  readonly #list: RefList;
  readonly #unborn: UnbornRef[] = [];
  #head: string | undefined;
  #complete = false;

  constructor(format: ObjectFormat, options: { readonly maxRefs?: number | undefined } = {}) {
    this.#format = format;
    this.#list = new RefList(options.maxRefs);
  }

  /** Takes the next packet. True once the answer is complete. */
  push(packet: Packet): boolean {
    if (this.#complete) throw new GitMirrorError('GM_INTERNAL', `${doing}: the answer is complete already`);
    if (packet.type === 'data') this.#line(packet.payload);
    else if (packet.type === 'flush') this.#complete = true;
    else throw new GitMirrorError('GM_PROTOCOL', `${doing}: a ${packet.type} packet has no place in the answer`);
    return this.#complete;
  }

  /** The whole answer. `GM_PROTOCOL` when it has not come to its end. */
  result(): LsRefsResult {
    if (!this.#complete) throw new GitMirrorError('GM_PROTOCOL', `${doing}: the answer ended early`);
    const { refs, invalidRefs, invalidRefCount } = this.#list;
    return {
      refs,
      unborn: this.#unborn,
      ...(this.#head !== undefined && { head: this.#head }),
      invalidRefs,
      invalidRefCount,
    };
  }

  #line(payload: Uint8Array): void {
    throwIfErrorPacket(payload, doing);
    this.#list.count();
    const ref = decodeLsRefsLine(payload, this.#format);
    if ('invalid' in ref) {
      this.#list.addInvalid(ref);
      return;
    }
    if ('unborn' in ref) this.#unborn.push(ref);
    else this.#list.refs.push(ref);
    if (ref.name === 'HEAD' && ref.symrefTarget !== undefined) this.#head = ref.symrefTarget;
  }
}
