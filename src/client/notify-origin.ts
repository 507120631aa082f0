import { request } from 'undici';
import { isGitMirrorError } from '../core/error.ts';
import { parseEndpoint } from '../transport/parse-endpoint.ts';
import { mirrorNotifyCommand } from '../wire/mirrors/mirror-capability.ts';
import type { MirrorNotice, NoticeAnswer } from '../wire/mirrors/mirror-list.ts';
import { encodeMirrorNotice, NoticeAnswerDecoder } from '../wire/mirrors/mirror-notice.ts';
import { commandCapabilities } from './command-capabilities.ts';
import { decodeWhile } from './decode-while.ts';
import { openService } from './open-service.ts';
import type { RemoteOptions } from './remote-options.ts';

/** `unknown`: the origin knows nothing of mirrors. */
export type NotifyOutcome = NoticeAnswer | { readonly kind: 'unknown' };

const maxAnswerBytes = 64 * 1024;

/**
 * Tells an origin of a mirror (row M7): by the command `mirror-notify` of protocol v2 where the origin offers it, otherwise by
 * `POST <url>/info/mirrors`, its twin, which takes no credentials.
 *
 * @throws GitMirrorError as `openService` does, when the origin cannot be reached; the reason of the signal
 */
export async function notifyOrigin(options: RemoteOptions, notice: MirrorNotice): Promise<NotifyOutcome> {
  const byCommand = await sendCommand(options, notice);
  return byCommand ?? (await post(options, notice));
}

async function sendCommand(options: RemoteOptions, notice: MirrorNotice): Promise<NoticeAnswer | undefined> {
  const service = await openService(options, 'git-upload-pack', 'source', 2);
  const { advertisement, connection } = service;
  try {
    if (advertisement.version !== 2 || !advertisement.capabilities.features('mirrors').has('notify')) return undefined;
    const capabilities = commandCapabilities(advertisement, options.userAgent);
    const reader = await service.exchange(encodeMirrorNotice(notice, capabilities), { isLast: true });
    const decoder = new NoticeAnswerDecoder();
    const doing = `telling ${connection.displayUrl} of a mirror`;
    for (let complete = false; !complete;) {
      const packet = await reader.read(doing);
      complete = decodeWhile(doing, () => decoder.push(packet));
    }
    return withoutCommand(decodeWhile(doing, () => decoder.result()));
  } finally {
    await connection.close();
  }
}

/** In an error packet servers say which command it is about. */
function withoutCommand(answer: NoticeAnswer): NoticeAnswer {
  if (answer.kind !== 'refused') return answer;
  return { kind: 'refused', reason: answer.reason.replace(`${mirrorNotifyCommand}: `, '') };
}

async function post(options: RemoteOptions, notice: MirrorNotice): Promise<NotifyOutcome> {
  const url = twinOf(options.endpoint.url);
  if (url === undefined) return { kind: 'unknown' };
  const { at, digest, ttlSeconds: ttl, signature } = notice;
  const { signal, dispatcher, userAgent } = options;
  try {
    const { body } = await request(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json', 'user-agent': userAgent },
      body: JSON.stringify({ at, digest, ttl, signature }),
      ...(dispatcher === undefined ? {} : { dispatcher }),
      ...(signal === undefined ? {} : { signal }),
    });
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of body as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxAnswerBytes) return { kind: 'unknown' };
      chunks.push(chunk);
    }
    return decodeAnswer(Buffer.concat(chunks).toString('utf8'));
  } catch {
    // It has answered as an origin that knows no mirrors; what its web server makes of such a request says no more.
    signal?.throwIfAborted();
    return { kind: 'unknown' };
  }
}

/** Without credentials: they are for the repository's origin, and this is one more resource of it. */
function twinOf(url: string): string | undefined {
  try {
    const endpoint = parseEndpoint(url);
    if (endpoint.transport !== 'http' || endpoint.target.url.search !== '') return undefined;
    return `${endpoint.target.url.href.replace(/\/+$/, '')}/info/mirrors`;
  } catch (error) {
    if (!isGitMirrorError(error)) throw error;
    return undefined;
  }
}

function decodeAnswer(text: string): NotifyOutcome {
  const value: unknown = JSON.parse(text);
  const { answer, reason }: Readonly<Record<string, unknown>> =
    typeof value === 'object' && value !== null ? { ...value } : {};
  if (answer === 'ok' || answer === 'ignored') return { kind: answer };
  if (answer === 'refused' && typeof reason === 'string') return { kind: 'refused', reason };
  return { kind: 'unknown' };
}
