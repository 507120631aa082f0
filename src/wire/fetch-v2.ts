import { GitMirrorError } from '../core/error.ts';
import { limits } from '../core/limits.ts';
import type { ObjectFormat, ObjectId } from '../core/object-id.ts';
import { beginCommandRequest } from './command-request.ts';
import { isErrorPacket, remoteError } from './error-packet.ts';
import { MessageLines } from './message-lines.ts';
import { textOf } from './pkt-line.ts';
import type { Packet } from './pkt-line.ts';
import { badLineError, isReceivedRefName, parseOid, splitOid } from './protocol-line.ts';
import { parseShallowLine } from './shallow-line.ts';

/** A `fetch` request (gitprotocol-v2, "fetch"). What is left out is not sent. */
export interface FetchRequest {
  /** Each `name` or `name=value`: `agent=…`, `object-format=…`, `server-option=…`. */
  readonly capabilities: readonly string[];
  readonly wants?: readonly ObjectId[] | undefined;
  /** Full ref names; needs the feature `ref-in-want`. */
  readonly wantRefs?: readonly string[] | undefined;
  readonly haves?: readonly ObjectId[] | undefined;
  readonly done?: boolean | undefined;
  readonly thinPack?: boolean | undefined;
  readonly noProgress?: boolean | undefined;
  readonly includeTag?: boolean | undefined;
  readonly ofsDelta?: boolean | undefined;
  /** Commits whose parents the client does not have. This and the deepen fields need the feature `shallow`. */
  readonly shallow?: readonly ObjectId[] | undefined;
  /** Depth in commits, above zero. */
  readonly deepen?: number | undefined;
  readonly deepenRelative?: boolean | undefined;
  /** Seconds since 1970. */
  readonly deepenSince?: number | undefined;
  readonly deepenNot?: readonly string[] | undefined;
  /** Filter spec with its numbers written out; needs the feature `filter`. */
  readonly filter?: string | undefined;
  readonly sidebandAll?: boolean | undefined;
  readonly waitForDone?: boolean | undefined;
  /** Protocols whose URIs may stand for packs, such as `https`; needs the feature `packfile-uris`. */
  readonly packfileUris?: readonly string[] | undefined;
}

/** The flags that are an argument without value, and their words, in the order git sends them. */
export const fetchFlags = {
  thinPack: 'thin-pack',
  noProgress: 'no-progress',
  includeTag: 'include-tag',
  ofsDelta: 'ofs-delta',
  sidebandAll: 'sideband-all',
  deepenRelative: 'deepen-relative',
  waitForDone: 'wait-for-done',
  done: 'done',
} as const satisfies { readonly [Key in keyof FetchRequest]?: string };

/** The request as bytes, freshly allocated. */
export function encodeFetchRequest(request: FetchRequest): Uint8Array {
  const writer = beginCommandRequest('fetch', request.capabilities);
  for (const flag of ['thinPack', 'noProgress', 'includeTag', 'ofsDelta', 'sidebandAll'] as const) {
    if (request[flag] === true) writer.line(fetchFlags[flag]);
  }
  for (const oid of request.shallow ?? []) writer.line(`shallow ${oid}`);
  if (request.deepen !== undefined) writer.line(`deepen ${request.deepen}`);
  if (request.deepenSince !== undefined) writer.line(`deepen-since ${request.deepenSince}`);
  for (const ref of request.deepenNot ?? []) writer.line(`deepen-not ${ref}`);
  if (request.deepenRelative === true) writer.line(fetchFlags.deepenRelative);
  if (request.filter !== undefined) writer.line(`filter ${request.filter}`);
  if (request.packfileUris !== undefined && request.packfileUris.length > 0) {
    writer.line(`packfile-uris ${request.packfileUris.join(',')}`);
  }
  for (const oid of request.wants ?? []) writer.line(`want ${oid}`);
  for (const ref of request.wantRefs ?? []) writer.line(`want-ref ${ref}`);
  if (request.waitForDone === true) writer.line(fetchFlags.waitForDone);
  for (const oid of request.haves ?? []) writer.line(`have ${oid}`);
  if (request.done === true) writer.line(fetchFlags.done);
  return writer.flush().finish();
}

/** The sections of a fetch answer in front of the pack; one that was not sent is left out. */
export interface FetchSections {
  /** Which of the haves are common; `ready`: the server has heard enough, and the pack follows. */
  readonly acknowledgments?: { readonly acks: readonly ObjectId[]; readonly nak: boolean; readonly ready: boolean };
  readonly shallowInfo?: { readonly shallow: readonly ObjectId[]; readonly unshallow: readonly ObjectId[] };
  readonly wantedRefs?: readonly { readonly oid: ObjectId; readonly name: string }[];
  /** Packs to fetch elsewhere. `hash` is the pack's own, 40 or 64 digits. */
  readonly packfileUris?: readonly { readonly hash: string; readonly uri: string }[];
}

/**
 * `sections`: more packets are needed. `acknowledgments-end`: the answer is over without a pack, another round is
 * needed. `packfile`: what follows is the pack as sideband, to its flush.
 */
export type FetchResponseState = 'sections' | 'acknowledgments-end' | 'packfile';

const doing = 'reading the fetch answer of the remote';
const sectionNames = ['acknowledgments', 'shallow-info', 'wanted-refs', 'packfile-uris'] as const;
type SectionName = (typeof sectionNames)[number];

function isSectionName(text: string): text is SectionName {
  return (sectionNames as readonly string[]).includes(text);
}

/**
 * Reads a fetch answer up to its pack, packet by packet. With `sidebandAll`, as the request said, each line carries a
 * band of its own. Sections may come in any order, each once: git's servers send `wanted-refs` in front of
 * `shallow-info`, its documentation has them the other way round.
 *
 * Errors: `GM_REMOTE` the server sent an error; `GM_PROTOCOL` an answer that breaks the rules; `GM_LIMIT` more than
 * `maxLines` lines (default `limits.maxRequestLines`).
 */
export class FetchResponseDecoder {
  readonly #format: ObjectFormat;
  readonly #sidebandAll: boolean;
  readonly #maxLines: number;
  readonly #messages = new MessageLines();
  readonly #seen = new Set<SectionName>();
  readonly #acks: ObjectId[] = [];
  readonly #shallow: ObjectId[] = [];
  readonly #unshallow: ObjectId[] = [];
  readonly #wantedRefs: { oid: ObjectId; name: string }[] = [];
  readonly #packfileUris: { hash: string; uri: string }[] = [];
  #nak = false;
  #ready = false;
  #lines = 0;
  #section: SectionName | undefined;
  #state: FetchResponseState = 'sections';

  constructor(format: ObjectFormat, options: { readonly sidebandAll?: boolean; readonly maxLines?: number } = {}) {
    this.#format = format;
    this.#sidebandAll = options.sidebandAll ?? false;
    this.#maxLines = options.maxLines ?? limits.maxRequestLines;
  }

  /** Takes the next packet and says what comes next. Nothing may be pushed after the other two states. */
  push(packet: Packet): FetchResponseState {
    if (this.#state !== 'sections') throw new GitMirrorError('GM_INTERNAL', `${doing}: its sections are complete`);
    if (packet.type === 'data') this.#data(packet.payload);
    else if (packet.type === 'flush') this.#flush();
    else if (packet.type === 'delim') this.#delim();
    else throw new GitMirrorError('GM_PROTOCOL', `${doing}: a ${packet.type} packet has no place in it`);
    return this.#state;
  }

  /** What the last {@link push} said. */
  get state(): FetchResponseState {
    return this.#state;
  }

  /** The sections read so far: all of them, once the state is no longer `sections`. */
  result(): FetchSections {
    const seen = this.#seen;
    return {
      ...(seen.has('acknowledgments') && {
        acknowledgments: { acks: this.#acks, nak: this.#nak, ready: this.#ready },
      }),
      ...(seen.has('shallow-info') && { shallowInfo: { shallow: this.#shallow, unshallow: this.#unshallow } }),
      ...(seen.has('wanted-refs') && { wantedRefs: this.#wantedRefs }),
      ...(seen.has('packfile-uris') && { packfileUris: this.#packfileUris }),
    };
  }

  /** Lines of progress and messages among the sections (only with `sidebandAll`) since the last call. */
  takeMessages(): string[] {
    if (this.#state !== 'sections') this.#messages.finish();
    return this.#messages.take();
  }

  /** To be called where the stream ends. `GM_PROTOCOL` while the state is `sections`. */
  end(): void {
    if (this.#state === 'sections') throw new GitMirrorError('GM_PROTOCOL', `${doing}: it ended early`);
  }

  #data(payload: Uint8Array): void {
    if (isErrorPacket(payload)) throw remoteError(payload.subarray(4), doing);
    if (!this.#sidebandAll) {
      this.#line(payload);
      return;
    }
    const rest = payload.subarray(1);
    if (payload[0] === 3) throw remoteError(rest, doing);
    if (payload[0] === 2) this.#messages.push(rest);
    else if (payload[0] !== 1) throw badLineError(doing, 'a packet of band 1, 2 or 3', textOf(payload));
    else if (rest.length > 0) this.#line(rest);
  }

  #flush(): void {
    if (this.#section !== 'acknowledgments' || this.#ready) {
      throw new GitMirrorError('GM_PROTOCOL', `${doing}: it ended without the pack that should follow`);
    }
    this.#state = 'acknowledgments-end';
  }

  #delim(): void {
    if (this.#section === undefined || (this.#section === 'acknowledgments' && !this.#ready)) {
      throw new GitMirrorError('GM_PROTOCOL', `${doing}: a delimiter where no section may follow`);
    }
    this.#section = undefined;
  }

  #line(payload: Uint8Array): void {
    this.#lines += 1;
    if (this.#lines > this.#maxLines) {
      throw new GitMirrorError('GM_LIMIT', `${doing}: it has more than ${this.#maxLines} lines in front of the pack`);
    }
    const line = textOf(payload);
    switch (this.#section) {
      case undefined:
        this.#header(line);
        return;
      case 'acknowledgments':
        this.#acknowledgment(line);
        return;
      case 'shallow-info':
        this.#shallowLine(line);
        return;
      case 'wanted-refs':
        this.#wantedRef(line, payload);
        return;
      case 'packfile-uris':
        this.#packfileUri(line);
    }
  }

  #header(line: string): void {
    if (line === 'packfile') {
      this.#state = 'packfile';
    } else if (isSectionName(line) && !this.#seen.has(line)) {
      this.#seen.add(line);
      this.#section = line;
    } else {
      throw badLineError(doing, 'the name of a section', line);
    }
  }

  #acknowledgment(line: string): void {
    const oid = line.startsWith('ACK ') ? parseOid(line.slice('ACK '.length), this.#format) : undefined;
    if (oid !== undefined) this.#acks.push(oid);
    else if (line === 'NAK') this.#nak = true;
    else if (line === 'ready') this.#ready = true;
    else throw badLineError(doing, 'ACK, NAK or ready', line);
  }

  #shallowLine(line: string): void {
    const { kind, oid } = parseShallowLine(line, this.#format, doing);
    (kind === 'shallow' ? this.#shallow : this.#unshallow).push(oid);
  }

  #wantedRef(line: string, payload: Uint8Array): void {
    const fields = splitOid(line, this.#format);
    if (fields === undefined || !isReceivedRefName(fields.rest, payload)) {
      throw badLineError(doing, `a ref with a ${this.#format} name`, line);
    }
    this.#wantedRefs.push({ oid: fields.oid, name: fields.rest });
  }

  #packfileUri(line: string): void {
    const [, hash, uri] = /^([0-9a-f]{40}|[0-9a-f]{64}) ([\x21-\x7e]+)$/.exec(line) ?? [];
    if (hash === undefined || uri === undefined) throw badLineError(doing, 'the hash of a pack and a URI', line);
    if (this.#packfileUris.length >= limits.maxPackfileUris) {
      throw new GitMirrorError('GM_LIMIT', `${doing}: it names more than ${limits.maxPackfileUris} packs elsewhere`);
    }
    this.#packfileUris.push({ hash, uri });
  }
}
