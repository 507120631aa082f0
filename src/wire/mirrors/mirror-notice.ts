import { isUtf8 } from 'node:buffer';
import { GitMirrorError } from '../../core/error.ts';
import { beginCommandRequest } from '../command-request.ts';
import { isErrorPacket } from '../error-packet.ts';
import { textOf } from '../pkt-line.ts';
import type { Packet } from '../pkt-line.ts';
import { printableText } from '../printable-text.ts';
import { mirrorNotifyCommand } from './mirror-capability.ts';
import { isListedUrl, isRefDigest, parseCount } from './mirror-fields.ts';
import { mirrorLimits } from './mirror-limits.ts';
import { NamedArguments } from './named-arguments.ts';
import type { MirrorNotice, NoticeAnswer } from './mirror-list.ts';

const doing = 'reading a notice of a mirror';
const doingAnswer = 'reading what the origin says to a notice';

/** The request `mirror-notify` as bytes, freshly allocated. `capabilities` are `agent=…`, `object-format=…`. */
export function encodeMirrorNotice(notice: MirrorNotice, capabilities: readonly string[]): Uint8Array {
  const { at, digest, ttlSeconds, signature } = notice;
  const writer = beginCommandRequest(mirrorNotifyCommand, capabilities)
    .line(`at=${at}`)
    .line(`digest=${digest}`)
    .line(`ttl=${ttlSeconds}`);
  // It has lines of its own.
  if (signature !== undefined) writer.line(`signature=${Buffer.from(signature, 'utf8').toString('base64')}`);
  return writer.flush().finish();
}

/** The notice in the argument lines of such a request. `GM_PROTOCOL` for any that is not known, makes no sense, or is missing. */
export function decodeMirrorNotice(lines: readonly string[]): MirrorNotice {
  const values = NamedArguments.read(doing, lines, ['at', 'digest', 'ttl', 'signature']);
  const signature = values.get('signature', 'base64', parseSignature);
  return {
    at: values.require('at', 'a URL', (text) => (isListedUrl(text) ? text : undefined)),
    digest: values.require('digest', 'a ref digest', (text) => (isRefDigest(text) ? text : undefined)),
    ttlSeconds: values.require('ttl', 'seconds', parseCount),
    ...(signature !== undefined && { signature }),
  };
}

function parseSignature(text: string): string | undefined {
  if (text === '' || (text.length / 4) * 3 > mirrorLimits.maxSignatureBytes) return undefined;
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text && isUtf8(bytes) ? bytes.toString('utf8') : undefined;
}

/**
 * Reads the answer, packet by packet. `GM_PROTOCOL` for one that is none; one that says no is no error.
 */
export class NoticeAnswerDecoder {
  #answer: NoticeAnswer | undefined;
  #complete = false;
  #lines = 0;

  /** Takes the next packet. True once the answer is complete. */
  push(packet: Packet): boolean {
    if (this.#complete) throw new GitMirrorError('GM_INTERNAL', `${doingAnswer}: the answer is complete already`);
    if (packet.type === 'data') this.#line(packet.payload);
    else if (packet.type === 'flush') this.#complete = true;
    else throw new GitMirrorError('GM_PROTOCOL', `${doingAnswer}: a ${packet.type} packet has no place in the answer`);
    return this.#complete;
  }

  /** The answer. `GM_PROTOCOL` when it has not come to its end, or says nothing that is known. */
  result(): NoticeAnswer {
    if (this.#complete && this.#answer !== undefined) return this.#answer;
    throw new GitMirrorError('GM_PROTOCOL', `${doingAnswer}: it says neither ok nor ignored`);
  }

  #line(payload: Uint8Array): void {
    this.#lines += 1;
    if (this.#lines > mirrorLimits.maxLines)
      throw new GitMirrorError('GM_LIMIT', `${doingAnswer}: it has too many lines`);
    if (isErrorPacket(payload)) {
      this.#answer = { kind: 'refused', reason: printableText(payload.subarray(4)) };
      this.#complete = true;
      return;
    }
    const line = textOf(payload);
    if (line === 'ok' || line === 'ignored') this.#answer = { kind: line };
  }
}
