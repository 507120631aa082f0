import type { GitProgram } from '../git-program.ts';
import type { MirrorAnswer, MirrorQuery } from '../../wire/mirrors/mirror-list.ts';

/** What everything that is asked for a list needs to know. */
export interface ListContext {
  /** Git in the repository, or in no repository when it is still to be made. */
  readonly git: GitProgram;
  /** URL of the origin as git uses it. */
  readonly url: string;
  /** What git calls the origin: the name of the remote, or its URL. */
  readonly remote: string;
  /** PEM file of authorities that git trusts for the origin. */
  readonly caFile: string | undefined;
  readonly signal: AbortSignal;
}

/** One way to hear of mirrors. */
export interface ListSource {
  /** For messages: "the server's command mirrors". */
  readonly name: string;
  /** Longest time for one question, in milliseconds. */
  readonly timeoutMs: number;
  /** Whether this way leads anywhere from the URL of `context`. */
  suits(context: ListContext): boolean;
  /**
   * Asks. Undefined when there is nobody who would say anything. Throws `GM_…` for an answer that is none, and the reason of
   * the signal.
   */
  ask(query: MirrorQuery, context: ListContext): Promise<MirrorAnswer | undefined>;
}
