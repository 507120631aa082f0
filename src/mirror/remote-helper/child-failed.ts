import { GitMirrorError } from '../../core/error.ts';

/** A git under ours failed. It has told its user why, so that nothing is left to be said. */
export class ChildFailed extends GitMirrorError {
  /** Of the git that failed. */
  readonly status: number;

  constructor(status: number) {
    super('GM_SYSTEM', `git ended with status ${String(status)}`, { details: { status } });
    this.status = status;
  }
}
