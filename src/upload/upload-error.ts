import { GitMirrorError } from '../core/error.ts';
import { printableText } from '../wire/printable-text.ts';

/**
 * Ends an exchange with words for the client: an `ERR` packet, or band 3 where lines have bands. Stays inside this
 * folder; `serveUploadPack` turns it into the packet.
 */
export class Refusal extends Error {
  override readonly name = 'Refusal';
}

/**
 * What git would say on its own standard error only, ending without a word to the client. `GM_PROTOCOL`: the request is at
 * fault.
 */
export function requestError(message: string): GitMirrorError {
  return new GitMirrorError('GM_PROTOCOL', printableText(message));
}

/**
 * Thrown before anything was read or written, when the configuration asks for what only git itself can do; the same
 * exchange can then be given to git. `GM_SYSTEM`, and `details.needsGit` is true, which also crosses threads.
 */
export class NeedsGitError extends GitMirrorError {
  override readonly name = 'NeedsGitError';
  /** The setting that asks for it. */
  readonly setting: string;

  constructor(setting: string) {
    super('GM_SYSTEM', `Serving the repository: ${setting} is set, which only git itself can follow.`, {
      details: { needsGit: true, setting },
    });
    this.setting = setting;
  }
}
