import { decodeUtf8 } from '../../core/bytes.ts';
import { GitMirrorError } from '../../core/error.ts';
import type { ConnectOptions } from '../connect-options.ts';
import { displayUrl } from '../display-url.ts';
import { mediaType, readAnswerStart, titleOf } from './answer-text.ts';
import { presentRemoteText } from '../remote-text.ts';
import { describeSubject, subjectDetails } from './exchange-subject.ts';
import type { HttpAnswer } from './http-exchange.ts';
import type { HttpSession } from './http-session.ts';
import { statusError } from './status-error.ts';

/** Bytes of an answer that is no advertisement which are looked at to tell what it is. */
const peekBytes = 4096;
const dumbLine = /^(?:[0-9a-f]{40}|[0-9a-f]{64})\t[^\t\n]+(?:\n|$)/;

/** The `Git-Protocol` header (gitprotocol-v2, "HTTP Transport"); none for version 0. */
export function gitProtocolHeader({ protocol }: ConnectOptions): Readonly<Record<string, string>> {
  return protocol === 0 ? {} : { 'git-protocol': `version=${protocol}` };
}

/**
 * Asks for the advertisement of `options.service` (gitprotocol-http, "Discovering References") and moves the session to
 * where redirects have led. The answer's body is the advertisement, unread.
 *
 * Throws `GM_DUMB_HTTP` when the server only has files, `GM_PROTOCOL` when it answers something else, and what
 * {@link statusError} makes of a status other than 200.
 */
export async function discoverService(session: HttpSession, options: ConnectOptions): Promise<HttpAnswer> {
  const { service } = options;
  const asked = session.repository;
  const answer = await session.get(asked.infoRefs(service), {
    accept: '*/*',
    ...gitProtocolHeader(options),
  });
  if (answer.status !== 200) throw await statusError(answer, session.subject);
  const moved = asked.movedTo(answer.url, service);
  if (mediaType(answer) !== `application/x-${service}-advertisement`) throw await notSmart(answer, session);
  if (moved === undefined) {
    await answer.body.return();
    throw refusal(
      session,
      `the redirect to ${displayUrl(answer.url)} does not end in /info/refs, so the repository behind it cannot be told; use its URL`,
    );
  }
  session.repository = moved;
  return answer;
}

async function notSmart(answer: HttpAnswer, session: HttpSession): Promise<GitMirrorError> {
  const type = mediaType(answer);
  const text = decodeUtf8(await readAnswerStart(answer, peekBytes));
  if (!type.includes('html') && (dumbLine.test(text) || (text === '' && type === 'text/plain'))) {
    return new GitMirrorError(
      'GM_DUMB_HTTP',
      `${describeSubject(session.subject)}: the server only offers files (the dumb HTTP protocol), no Git service`,
      { details: subjectDetails(session.subject) },
    );
  }
  if (type.includes('html')) {
    const title = presentRemoteText(titleOf(text));
    return refusal(
      session,
      `this is not a Git repository: the server answered with a web page (${type}${title === '' ? '' : `, “${title}”`}); check the URL`,
    );
  }
  return refusal(
    session,
    `this is not a Git repository: the server answered with ${type === '' ? 'data of no named type' : presentRemoteText(type)}; check the URL`,
  );
}

function refusal(session: HttpSession, what: string): GitMirrorError {
  return new GitMirrorError('GM_PROTOCOL', `${describeSubject(session.subject)}: ${what}`, {
    details: subjectDetails(session.subject),
  });
}
