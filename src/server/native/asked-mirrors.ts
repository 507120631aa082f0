import { GitMirrorError } from '../../core/error.ts';
import type { MirrorDirectory } from '../../upload/mirror-directory.ts';
import type { MirrorAnswer, MirrorNotice, MirrorQuery, NoticeAnswer } from '../../wire/mirrors/mirror-list.ts';
import { decodeThreadError } from './thread-error.ts';
import type { MirrorOutcome, MirrorQuestion } from './thread-messages.ts';

/** The mirror directory of an exchange that runs in a thread: questions go to the main thread, answers come from there. */
export class AskedMirrors implements MirrorDirectory {
  readonly #ask: (ask: number, question: MirrorQuestion) => void;
  readonly #waiting = new Map<number, PromiseWithResolvers<MirrorOutcome>>();
  #next = 0;
  #failure: { readonly reason: unknown } | undefined;

  /** @param ask - sends a question, whose answer comes by {@link receive} under the same number */
  constructor(ask: (ask: number, question: MirrorQuestion) => void) {
    this.#ask = ask;
  }

  async list(query: MirrorQuery): Promise<MirrorAnswer> {
    const outcome = await this.#question({ kind: 'list', query });
    if (outcome.kind === 'list') return outcome.answer;
    throw noAnswer(outcome);
  }

  async notify(notice: MirrorNotice): Promise<NoticeAnswer> {
    const outcome = await this.#question({ kind: 'notify', notice });
    if (outcome.kind === 'notify') return outcome.answer;
    throw noAnswer(outcome);
  }

  /** Takes the answer to a question. */
  receive(ask: number, outcome: MirrorOutcome): void {
    this.#waiting.get(ask)?.resolve(outcome);
    this.#waiting.delete(ask);
  }

  /** The exchange is over: nobody waits any longer. */
  fail(reason: unknown): void {
    this.#failure ??= { reason };
    for (const waiting of this.#waiting.values()) waiting.reject(reason);
    this.#waiting.clear();
  }

  #question(question: MirrorQuestion): Promise<MirrorOutcome> {
    const waiting = Promise.withResolvers<MirrorOutcome>();
    if (this.#failure !== undefined) {
      waiting.reject(this.#failure.reason);
    } else {
      const ask = this.#next++;
      this.#waiting.set(ask, waiting);
      this.#ask(ask, question);
    }
    return waiting.promise;
  }
}

function noAnswer(outcome: MirrorOutcome): GitMirrorError {
  if (outcome.kind === 'failed') return decodeThreadError(outcome.error);
  return new GitMirrorError('GM_INTERNAL', 'A question about mirrors was answered by the answer to another one');
}
