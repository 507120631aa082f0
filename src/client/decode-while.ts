import { GitMirrorError } from '../core/error.ts';

/**
 * What `decode` returns. What it throws gets `doing` into its message ("fetching from https://…"), since decoders know
 * nothing of where bytes come from. `decode` must not read: errors of transports name their URL already.
 */
export function decodeWhile<Result>(doing: string, decode: () => Result): Result {
  try {
    return decode();
  } catch (error) {
    throw explainWork(error, doing);
  }
}

/** `error` with `doing` in its message, unless `told` (default: `doing`) is there already, or it is none of ours. */
export function explainWork(error: unknown, doing: string, told: string = doing): unknown {
  if (!(error instanceof GitMirrorError) || error.message.includes(told)) return error;
  const advice = error.code === 'GM_PROTOCOL' ? '. Check that a Git server answers there, and nothing in between.' : '';
  return new GitMirrorError(error.code, `${error.message.replace(/\.$/, '')}, while ${doing}${advice}`, {
    cause: error,
    details: error.details,
  });
}
