import { decodeUtf8 } from '../../core/bytes.ts';
import { limits } from '../../core/limits.ts';
import { presentRemoteText } from '../remote-text.ts';
import type { HttpAnswer } from './http-exchange.ts';

/** How long the body of an answer that is an error anyway is waited for, in milliseconds. */
const patienceMs = 2000;

/** The type of an answer, lower case and without parameters: `text/html`. Empty when there is none. */
export function mediaType(answer: HttpAnswer): string {
  return (answer.header('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

/**
 * Up to `maxBytes` of the start of an answer, which is released then. Never throws and never waits long: what can be had
 * is returned.
 */
export async function readAnswerStart(answer: HttpAnswer, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const timer = setTimeout(() => {
    void answer.body.return();
  }, patienceMs);
  try {
    for await (const chunk of answer.body) {
      chunks.push(chunk);
      length += chunk.length;
      if (length >= maxBytes) break;
    }
  } catch {
    // A part of an explanation is better than none; the status has been read already.
  } finally {
    clearTimeout(timer);
  }
  return Buffer.concat(chunks).subarray(0, maxBytes);
}

/**
 * What the body of an answer tells people, fit to be shown, at most {@link limits.maxErrorTextBytes}: plain text as it
 * is, of a web page the title only. Undefined when there is nothing to show. The answer is released.
 */
export async function readAnswerText(answer: HttpAnswer): Promise<string | undefined> {
  const type = mediaType(answer);
  if (type !== 'text/plain' && type !== 'text/html' && type !== 'application/xhtml+xml') {
    await answer.body.return();
    return undefined;
  }
  const text = decodeUtf8(await readAnswerStart(answer, limits.maxErrorTextBytes));
  const shown = presentRemoteText(type === 'text/plain' ? text : titleOf(text));
  return shown === '' ? undefined : shown;
}

/** The title of a web page; character references of HTML's own syntax are resolved. */
export function titleOf(html: string): string {
  const title = /<title[^>]*>([^<]*)/i.exec(html)?.[1] ?? '';
  const known: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };
  return title.replace(/\s+/g, ' ').replace(/&(amp|lt|gt|quot|#39);/g, (_whole, name: string) => known[name] ?? '');
}
