import { errorMeanings, GitMirrorError, isGitMirrorError, messageOf, type ErrorCode } from '../../core/error.ts';

/** An error on its way between threads: structured cloning drops class, name and code. */
export interface ThreadError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly stack: string | undefined;
}

/** `error` as it is sent. What is none of ours becomes `GM_INTERNAL`, its message kept for the log. */
export function encodeThreadError(error: unknown): ThreadError {
  const stack = error instanceof Error ? error.stack : undefined;
  if (!isGitMirrorError(error)) return { code: 'GM_INTERNAL', message: messageOf(error), details: {}, stack };
  return { code: error.code, message: error.message, details: cloneable(error.details), stack };
}

/** The error that was sent; its stack is the other thread's. */
export function decodeThreadError(sent: ThreadError): GitMirrorError {
  const code = Object.hasOwn(errorMeanings, sent.code) ? sent.code : 'GM_INTERNAL';
  const error = new GitMirrorError(code, sent.message, { details: sent.details });
  if (sent.stack !== undefined) error.stack = sent.stack;
  return error;
}

function cloneable(details: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  try {
    return structuredClone(details);
  } catch {
    return {};
  }
}
