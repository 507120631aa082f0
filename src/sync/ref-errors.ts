import { GitMirrorError, type ErrorDetails } from '../core/error.ts';

/** A ref of the target changed between the start of the run and the push: a benign race; run again. */
export class TargetRefMovedError extends GitMirrorError {
  override readonly name = 'TargetRefMovedError';
  readonly ref: string;

  constructor(targetUrl: string, ref: string, details: ErrorDetails) {
    super(
      'GM_REF_MOVED',
      `Pushing to ${targetUrl}: ${ref} changed on the target during the run, so it was left as it is. Run again.`,
      { details: { url: targetUrl, ref, ...details } },
    );
    this.ref = ref;
  }
}

/** The target refused to update a ref. */
export class RefRejectedError extends GitMirrorError {
  override readonly name = 'RefRejectedError';
  readonly ref: string;
  /** The target's own words, printable. */
  readonly reason: string;

  constructor(targetUrl: string, ref: string, reason: string, details: ErrorDetails) {
    super(
      'GM_REF_REJECTED',
      `Pushing to ${targetUrl}: the target refused ${ref}: ${reason}. See its hooks and settings, or leave the ref out.`,
      { details: { url: targetUrl, ref, reason, ...details } },
    );
    this.ref = ref;
    this.reason = reason;
  }
}
