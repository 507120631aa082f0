import { GitMirrorError } from '../../core/error.ts';
import { throwIfErrorPacket } from '../error-packet.ts';
import { textOf } from '../pkt-line.ts';
import type { Packet } from '../pkt-line.ts';
import { MirrorAnswerBuilder } from './mirror-answer-builder.ts';
import { checkedEntry, isCursor, isListedUrl, isPreferMirrors, parseCount } from './mirror-fields.ts';
import type { MirrorAnswer, MirrorEntry } from './mirror-list.ts';

const doing = 'reading the mirrors that the remote lists';

/**
 * The lines of an answer to `mirrors`, without LF: for `PacketWriter.line`; a flush follows (docs/mirror-protocol.md). What
 * fits on no line is left out: a URL with blanks, or attributes that make no sense.
 */
export function* encodeMirrorAnswer(answer: MirrorAnswer): Generator<string, void, void> {
  if (answer.kind === 'not-found') {
    yield 'not-found';
    for (const url of answer.valid) if (isListedUrl(url)) yield `valid ${url}`;
    return;
  }
  const { canonical, prefer, mirrors, more } = answer.list;
  for (const url of canonical) if (isListedUrl(url)) yield `canonical ${url}`;
  yield `prefer-mirrors ${prefer}`;
  for (const mirror of mirrors) {
    const entry = checkedEntry({ ...allUndefined, ...mirror });
    if (entry !== undefined) yield encodeEntry(entry);
  }
  if (more !== undefined && isCursor(more.cursor)) yield `more ${more.count} ${more.cursor}`;
}

const allUndefined = {
  ttlSeconds: undefined,
  state: undefined,
  digest: undefined,
  region: undefined,
  stratum: undefined,
};

function encodeEntry(entry: MirrorEntry): string {
  let line = `mirror ${entry.url}`;
  if (entry.ttlSeconds !== undefined) line += ` ttl=${entry.ttlSeconds}`;
  if (entry.state !== undefined) line += ` state=${entry.state}`;
  if (entry.digest !== undefined) line += ` digest=${entry.digest}`;
  if (entry.region !== undefined) line += ` region=${entry.region}`;
  if (entry.stratum !== undefined) line += ` stratum=${entry.stratum}`;
  return line;
}

/**
 * Reads an answer to `mirrors`, packet by packet: also the section behind an advertisement of v0. Lines and attributes that
 * are not known, or make no sense, are passed over. Errors: `GM_REMOTE` the server sent an error packet; `GM_PROTOCOL` a
 * marker that has no place, or no flush at the end; `GM_LIMIT` more lines than `mirrorLimits.maxLines`.
 */
export class MirrorAnswerDecoder {
  readonly #builder = new MirrorAnswerBuilder();
  #complete = false;

  /** Takes the next packet. True once the answer is complete. */
  push(packet: Packet): boolean {
    if (this.#complete) throw new GitMirrorError('GM_INTERNAL', `${doing}: the answer is complete already`);
    if (packet.type === 'data') this.#line(packet.payload);
    else if (packet.type === 'flush') this.#complete = true;
    else throw new GitMirrorError('GM_PROTOCOL', `${doing}: a ${packet.type} packet has no place in the answer`);
    return this.#complete;
  }

  /** The whole answer. `GM_PROTOCOL` when it has not come to its end. */
  result(): MirrorAnswer {
    if (!this.#complete) throw new GitMirrorError('GM_PROTOCOL', `${doing}: the answer ended early`);
    return this.#builder.answer();
  }

  #line(payload: Uint8Array): void {
    throwIfErrorPacket(payload, doing);
    const builder = this.#builder;
    builder.count();
    const [word = '', first = '', ...rest] = textOf(payload).split(' ');
    switch (word) {
      case 'canonical':
        builder.addCanonical(first);
        break;
      case 'prefer-mirrors':
        if (isPreferMirrors(first)) builder.setPrefer(first);
        break;
      case 'mirror':
        builder.addMirror(decodeEntry(first, rest));
        break;
      case 'more':
        builder.setMore(parseCount(first), rest[0] ?? '');
        break;
      case 'not-found':
        builder.setNotFound();
        break;
      case 'valid':
        builder.addValid(first);
        break;
    }
  }
}

function decodeEntry(url: string, attributes: readonly string[]): MirrorEntry | undefined {
  const values = new Map<string, string>();
  for (const attribute of attributes) {
    const equals = attribute.indexOf('=');
    if (equals > 0) values.set(attribute.slice(0, equals), attribute.slice(equals + 1));
  }
  return checkedEntry({
    url,
    ttlSeconds: parseCount(values.get('ttl') ?? ''),
    state: values.get('state'),
    digest: values.get('digest'),
    region: values.get('region'),
    stratum: parseCount(values.get('stratum') ?? ''),
  });
}
