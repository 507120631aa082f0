import { STATUS_CODES } from 'node:http';
import { GitMirrorError, type ErrorCode, type ErrorDetails } from '../../core/error.ts';
import { readAnswerText } from './answer-text.ts';
import { describeSubject, subjectDetails, type ExchangeSubject } from './exchange-subject.ts';
import type { HttpAnswer } from './http-exchange.ts';
import { decodeRetryAfter } from './retry-after.ts';

/** What a status means, and what to do about it. */
interface StatusMeaning {
  readonly code: ErrorCode;
  readonly advice: string;
}

const meanings: Readonly<Record<number, StatusMeaning>> = {
  401: { code: 'GM_AUTH', advice: 'it asks for credentials' },
  403: { code: 'GM_FORBIDDEN', advice: 'these credentials, or none, do not allow this' },
  404: {
    code: 'GM_NOT_FOUND',
    advice: 'there is no such repository, or it is hidden without credentials; check the URL',
  },
  407: { code: 'GM_AUTH', advice: 'the proxy asks for credentials; put them into the proxy URL' },
  408: { code: 'GM_TIMEOUT', advice: 'the request took too long' },
  410: { code: 'GM_NOT_FOUND', advice: 'the repository is gone' },
  413: { code: 'GM_TOO_LARGE', advice: 'the request is larger than the server takes' },
  429: { code: 'GM_BUSY', advice: 'there were too many requests; try again later' },
  503: { code: 'GM_BUSY', advice: 'it is overloaded or down for upkeep; try again later' },
  504: { code: 'GM_TIMEOUT', advice: 'a server behind it took too long' },
};

function meaningOf(status: number): StatusMeaning {
  const known = meanings[status];
  if (known !== undefined) return known;
  return status >= 500
    ? { code: 'GM_REMOTE', advice: 'the server failed; try again later' }
    : { code: 'GM_PROTOCOL', advice: 'that is no answer a Git server gives' };
}

/**
 * The error for an answer whose status is not the one hoped for; the answer is released. `details` has `status`, `url`,
 * `service`, `role`, with a `Retry-After` header `retryAfterMs`, and what the server said as `serverText`.
 *
 * `advice` replaces the sentence for people when the caller knows more.
 */
export async function statusError(
  answer: HttpAnswer,
  subject: ExchangeSubject,
  advice?: string,
): Promise<GitMirrorError> {
  const { status } = answer;
  const meaning = meaningOf(status);
  const retryAfterMs = decodeRetryAfter(answer.header('retry-after'), Date.now());
  const name = STATUS_CODES[status];
  const text = await readAnswerText(answer);
  // The title of most error pages is just the status again.
  const serverText = text === `${status} ${name ?? ''}` || text === name ? undefined : text;
  const details: ErrorDetails = {
    ...subjectDetails(subject),
    status,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(serverText === undefined ? {} : { serverText }),
  };
  const said = serverText === undefined ? '' : ` (“${serverText}”)`;
  return new GitMirrorError(
    meaning.code,
    `${describeSubject(subject)}: the server answered ${status}${name === undefined ? '' : ` ${name}`}: ${advice ?? meaning.advice}${said}`,
    { details },
  );
}
