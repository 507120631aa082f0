/** What a failure means to whoever has to act on it. */
interface ErrorMeaning {
  /** Exit status of the command line: 1 failed, 2 usage, 3 blocked refs. */
  readonly exitStatus: number;
  /** Status an HTTP answer would carry. */
  readonly httpStatus: number;
  /** Whether the same call may succeed later with nothing changed on this side. */
  readonly retryable: boolean;
}

/** Every code an error of this package can carry, and what it means. */
export const errorMeanings = {
  /** A request, flag or URL is malformed or contradicts another. */
  GM_USAGE: { exitStatus: 2, httpStatus: 400, retryable: false },
  /** Refs are blocked by policy; nothing was pushed. */
  GM_BLOCKED: { exitStatus: 3, httpStatus: 409, retryable: false },
  /** The other side wants credentials, or refuses those it got. */
  GM_AUTH: { exitStatus: 1, httpStatus: 401, retryable: false },
  /** The other side knows who asks and says no (403). */
  GM_FORBIDDEN: { exitStatus: 1, httpStatus: 403, retryable: false },
  /** There is no such repository. */
  GM_NOT_FOUND: { exitStatus: 1, httpStatus: 404, retryable: false },
  /** The certificate of the other side is not trusted, or TLS failed otherwise. */
  GM_TLS: { exitStatus: 1, httpStatus: 502, retryable: false },
  /** The connection could not be made, was cut or ended early. */
  GM_NETWORK: { exitStatus: 1, httpStatus: 502, retryable: true },
  /** A time limit ran out. */
  GM_TIMEOUT: { exitStatus: 1, httpStatus: 504, retryable: true },
  /** The other side says it has too much to do (429, 503); `details.retryAfterMs` when it says for how long. */
  GM_BUSY: { exitStatus: 1, httpStatus: 503, retryable: true },
  /** The other side failed (5xx). */
  GM_REMOTE: { exitStatus: 1, httpStatus: 502, retryable: true },
  /** What arrived is not the Git protocol, or breaks its rules. */
  GM_PROTOCOL: { exitStatus: 1, httpStatus: 502, retryable: false },
  /** The source only speaks the dumb HTTP protocol. */
  GM_DUMB_HTTP: { exitStatus: 1, httpStatus: 502, retryable: false },
  /** The two ends name objects with different hash functions. */
  GM_OBJECT_FORMAT: { exitStatus: 1, httpStatus: 409, retryable: false },
  /** The body is larger than the other side takes (413). */
  GM_TOO_LARGE: { exitStatus: 1, httpStatus: 413, retryable: false },
  /** A bound set by the caller or by this package was reached. */
  GM_LIMIT: { exitStatus: 1, httpStatus: 413, retryable: false },
  /** A ref on the target is no longer what it was when the run began. */
  GM_REF_MOVED: { exitStatus: 1, httpStatus: 409, retryable: true },
  /** The target refused a ref update. */
  GM_REF_REJECTED: { exitStatus: 1, httpStatus: 409, retryable: false },
  /** The target could not take the pack. */
  GM_UNPACK: { exitStatus: 1, httpStatus: 502, retryable: false },
  /** A pack or object is damaged. */
  GM_CORRUPT: { exitStatus: 1, httpStatus: 502, retryable: false },
  /** Relay is required but cannot be used. */
  GM_NO_RELAY: { exitStatus: 1, httpStatus: 409, retryable: false },
  /** The operating system refused: no space, no permission, no such program. */
  GM_SYSTEM: { exitStatus: 1, httpStatus: 500, retryable: false },
  /** A broken promise inside this package. */
  GM_INTERNAL: { exitStatus: 1, httpStatus: 500, retryable: false },
} as const satisfies Readonly<Record<string, ErrorMeaning>>;

/** One of the codes of {@link errorMeanings}. */
export type ErrorCode = keyof typeof errorMeanings;

/** Facts that go with an error, as they appear in JSON output and logs. Never a secret. */
export type ErrorDetails = Readonly<Record<string, unknown>>;

/**
 * Base of all errors of this package. Match on `code`, not on the class; the message is one sentence for people: what
 * was being done, to which ref or URL (credentials removed), what went wrong, what to do.
 */
export class GitMirrorError extends Error {
  override readonly name: string = 'GitMirrorError';
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, options: { details?: ErrorDetails; cause?: unknown } = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.details = options.details ?? {};
  }

  /** Whether the same call may succeed later with nothing changed on this side. */
  get retryable(): boolean {
    return errorMeanings[this.code].retryable;
  }

  /** The form used by `--json`, logs and workers. */
  toJSON(): { code: ErrorCode; message: string; retryable: boolean; details: ErrorDetails } {
    return { code: this.code, message: this.message, retryable: this.retryable, details: this.details };
  }
}

/**
 * Whether `error` is a {@link GitMirrorError}, with the given code if one is given. Goes by the code, not by the class, so
 * that it also holds for errors of another copy of this package.
 */
export function isGitMirrorError(error: unknown, code?: ErrorCode): error is GitMirrorError {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return false;
  return code === undefined ? Object.hasOwn(errorMeanings, error.code) : error.code === code;
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** `reason` as it is when it is an error; anything else that was thrown, or given as the reason of a signal, as one. */
export function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
