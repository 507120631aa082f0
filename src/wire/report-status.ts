import { GitMirrorError } from '../core/error.ts';
import { limits } from '../core/limits.ts';
import { isObjectId } from '../core/object-id.ts';
import type { ObjectId } from '../core/object-id.ts';
import { isValidRefName } from '../core/ref-name.ts';
import { throwIfErrorPacket } from './error-packet.ts';
import { PacketWriter, textOf } from './pkt-line.ts';
import type { Packet } from './pkt-line.ts';
import { printableText } from './printable-text.ts';
import { badLineError, isReceivedRefName } from './protocol-line.ts';
import { invalidRef, RefList } from './ref-list.ts';
import type { InvalidRef } from './ref-list.ts';

/** What a proc-receive hook made of a command, as far as it says so (the option lines of report-status-v2). */
export interface ReportOptions {
  readonly refName?: string;
  readonly oldOid?: ObjectId;
  readonly newOid?: ObjectId;
  readonly forcedUpdate?: true;
}

/** What became of one command. */
export interface RefStatus {
  readonly ref: string;
  readonly ok: boolean;
  /** The server's words when it is not ok, printable. */
  readonly reason?: string;
  /** One for each ref the hook made of it, when it made any. */
  readonly options?: readonly ReportOptions[];
}

/** What became of a push (gitprotocol-pack, "Report Status"). */
export interface ReportStatus {
  readonly unpack: 'ok' | { readonly error: string };
  /** A ref each once, in the order first told of. */
  readonly refs: readonly RefStatus[];
}

/** A {@link ReportStatus} as it was read. */
export interface DecodedReportStatus extends ReportStatus {
  /** The first of the refs that were left out since their names are not legal, and how many there were. */
  readonly invalidRefs: readonly InvalidRef[];
  readonly invalidRefCount: number;
}

const doing = 'reading the report of the target';

interface OpenStatus {
  ref: string;
  ok: boolean;
  reason?: string;
  options: ReportOptions[];
}

/**
 * Reads a report, of either version, packet by packet. A ref told of twice is ok only when it is so each time. Errors:
 * `GM_REMOTE` an error packet; `GM_PROTOCOL` a line that is no report; `GM_LIMIT` more than `maxRefs` lines.
 */
export class ReportStatusDecoder {
  readonly #list: RefList;
  readonly #statuses = new Map<string, OpenStatus>();
  #unpack: ReportStatus['unpack'] | undefined;
  /** The status that option lines belong to; undefined when the line before them was not an `ok`. */
  #open: OpenStatus | undefined;
  #openOptions: { -readonly [Key in keyof ReportOptions]: ReportOptions[Key] } | undefined;
  #complete = false;

  constructor(options: { readonly maxRefs?: number | undefined } = {}) {
    this.#list = new RefList(options.maxRefs ?? limits.maxRefs);
  }

  /** Takes the next packet. True once the report is complete. */
  push(packet: Packet): boolean {
    if (this.#complete) throw new GitMirrorError('GM_INTERNAL', `${doing}: it is complete already`);
    if (packet.type === 'data') this.#line(packet.payload);
    else if (packet.type === 'flush' && this.#unpack !== undefined) this.#complete = true;
    else throw new GitMirrorError('GM_PROTOCOL', `${doing}: a ${packet.type} packet has no place here`);
    return this.#complete;
  }

  /** The whole report. `GM_PROTOCOL` when it has not come to its end: what became of the push is then not known. */
  result(): DecodedReportStatus {
    if (!this.#complete || this.#unpack === undefined) {
      throw new GitMirrorError('GM_PROTOCOL', `${doing}: it ended early; read the target's refs to see what was done`);
    }
    const { invalidRefs, invalidRefCount } = this.#list;
    const refs = [...this.#statuses.values()].map(({ ref, ok, reason, options }): RefStatus => ({
      ref,
      ok,
      ...(!ok && { reason: reason ?? 'failed' }),
      ...(options.length > 0 && { options }),
    }));
    return { unpack: this.#unpack, refs, invalidRefs, invalidRefCount };
  }

  #line(payload: Uint8Array): void {
    throwIfErrorPacket(payload, doing);
    const line = textOf(payload);
    if (this.#unpack === undefined) {
      if (!line.startsWith('unpack ')) throw badLineError(doing, 'what became of the pack', line);
      const text = line.slice('unpack '.length);
      this.#unpack = text === 'ok' ? 'ok' : { error: printableText(text) };
      return;
    }
    this.#list.count();
    const [word, rest] = splitWord(line);
    if (word === 'option') this.#option(rest);
    else if (word === 'ok' || word === 'ng') this.#status(word === 'ok', rest, payload);
    else throw badLineError(doing, 'ok or ng and a ref', line);
  }

  #status(ok: boolean, text: string, payload: Uint8Array): void {
    const [ref, reason] = splitWord(text);
    this.#open = undefined;
    this.#openOptions = undefined;
    if (!isReceivedRefName(ref, payload)) {
      this.#list.addInvalid(invalidRef(ref));
      return;
    }
    let status = this.#statuses.get(ref);
    if (status === undefined) this.#statuses.set(ref, (status = { ref, ok, options: [] }));
    if (ok) {
      this.#open = status;
    } else {
      status.ok = false;
      status.reason = printableText(reason === '' ? 'failed' : reason);
    }
  }

  #option(text: string): void {
    // git complains of an option that belongs to nothing and goes on.
    if (this.#open === undefined) return;
    const [key, value] = splitWord(text);
    if (this.#openOptions === undefined) this.#open.options.push((this.#openOptions = {}));
    const options = this.#openOptions;
    if (key === 'refname' && isValidRefName(value)) options.refName = value;
    else if (key === 'old-oid' && isObjectId(value)) options.oldOid = value;
    else if (key === 'new-oid' && isObjectId(value)) options.newOid = value;
    else if (key === 'forced-update') options.forcedUpdate = true;
  }
}

function splitWord(text: string): readonly [word: string, rest: string] {
  const blank = text.indexOf(' ');
  return blank < 0 ? [text, ''] : [text.slice(0, blank), text.slice(blank + 1)];
}

/** The report with the flush that ends it, freshly allocated. Options make it one of version 2. */
export function encodeReportStatus(report: ReportStatus): Uint8Array {
  const writer = new PacketWriter();
  writer.line(`unpack ${report.unpack === 'ok' ? 'ok' : report.unpack.error}`);
  for (const { ref, ok, reason, options = [] } of report.refs) {
    if (!ok) {
      writer.line(`ng ${ref} ${reason ?? 'failed'}`);
      continue;
    }
    if (options.length === 0) writer.line(`ok ${ref}`);
    for (const { refName, oldOid, newOid, forcedUpdate } of options) {
      writer.line(`ok ${ref}`);
      if (refName !== undefined) writer.line(`option refname ${refName}`);
      if (oldOid !== undefined) writer.line(`option old-oid ${oldOid}`);
      if (newOid !== undefined) writer.line(`option new-oid ${newOid}`);
      if (forcedUpdate === true) writer.line('option forced-update');
    }
  }
  return writer.flush().finish();
}
