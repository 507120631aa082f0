import { GitMirrorError, type ErrorCode } from '../core/error.ts';

const codes: Readonly<Record<number, ErrorCode>> = {
  400: 'GM_PROTOCOL',
  404: 'GM_NOT_FOUND',
  413: 'GM_TOO_LARGE',
  503: 'GM_BUSY',
  504: 'GM_TIMEOUT',
};

/** A request that is answered with this status, and with the message as its text: what is said there is meant for the client. */
export class RequestRefusedError extends GitMirrorError {
  override readonly name = 'RequestRefusedError';
  readonly status: number;

  constructor(status: number, message: string, cause?: unknown) {
    super(codes[status] ?? 'GM_INTERNAL', message, { cause });
    this.status = status;
  }
}
