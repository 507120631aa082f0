import { GitMirrorError, isGitMirrorError } from '../core/error.ts';
import { encodeMirrorAnswer } from '../wire/mirrors/mirror-answer.ts';
import { mirrorLimits } from '../wire/mirrors/mirror-limits.ts';
import type { MirrorQuery } from '../wire/mirrors/mirror-list.ts';
import { decodeMirrorNotice } from '../wire/mirrors/mirror-notice.ts';
import { decodeMirrorQuery } from '../wire/mirrors/mirror-query.ts';
import type { MirrorDirectory } from './mirror-directory.ts';
import { Refusal, requestError } from './upload-error.ts';
import type { UploadSession } from './upload-session.ts';

/** Answers `mirrors` (docs/mirror-protocol.md), whose arguments come next. */
export async function answerMirrors(session: UploadSession): Promise<void> {
  const query = await readArguments(session, 'mirrors', decodeMirrorQuery);
  await sendMirrorList(session, { ...query, url: query.url ?? session.url });
  await session.reply.send();
}

/** Writes the lines that answer `query`, and a flush: as the answer to `mirrors`, and behind an advertisement of v0. */
export async function sendMirrorList(session: UploadSession, query: MirrorQuery): Promise<void> {
  const { reply } = session;
  for (const line of encodeMirrorAnswer(await directoryOf(session).list(query))) {
    reply.line(line);
    if (reply.isFull) await reply.send();
  }
  reply.flush();
}

/** Answers `mirror-notify` (docs/mirror-protocol.md), whose arguments come next. */
export async function answerMirrorNotify(session: UploadSession): Promise<void> {
  const notice = await readArguments(session, 'mirror-notify', decodeMirrorNotice);
  const answer = await directoryOf(session).notify(notice);
  if (answer.kind === 'refused') throw new Refusal(`mirror-notify: ${answer.reason}`);
  await session.reply.line(answer.kind).flush().send();
}

function directoryOf({ exchange }: UploadSession): MirrorDirectory {
  if (exchange.mirrors !== undefined) return exchange.mirrors;
  throw new GitMirrorError('GM_INTERNAL', 'A list of mirrors was asked for, and this exchange has none');
}

/** Reads argument lines to the flush and makes something of them. What makes no sense is told to the client. */
async function readArguments<Result>(
  { packets }: UploadSession,
  command: string,
  decode: (lines: readonly string[]) => Result,
): Promise<Result> {
  const lines: string[] = [];
  for (;;) {
    const item = packets.tryRead() ?? (await packets.read());
    if (item.type === 'flush') break;
    if (item.type === 'end') throw requestError('the remote end hung up unexpectedly');
    if (item.type !== 'line') throw new Refusal(`${command}: expected flush after arguments`);
    if (lines.length === mirrorLimits.maxArguments) {
      throw new Refusal(`${command}: too many arguments, ${String(mirrorLimits.maxArguments)} is the limit`);
    }
    lines.push(item.line);
  }
  try {
    return decode(lines);
  } catch (error) {
    if (isGitMirrorError(error, 'GM_PROTOCOL')) throw new Refusal(`${command}: ${error.message}`);
    throw error;
  }
}
