import type { NoticeUrl } from './notice-url.ts';

/** Which mirror is asked, and about what. */
export interface MirrorQuestion {
  readonly at: NoticeUrl;
  /** Hosts that may have internal addresses. */
  readonly hosts: readonly string[];
}

/** Asks a mirror for its ref digest; rejects when it gives none within `signal`. */
export type AskDigest = (question: MirrorQuestion, signal: AbortSignal) => Promise<string>;

interface Check {
  /** The state of the origin in which the mirror was asked. */
  readonly stamp: string;
  readonly askedAtMs: number;
  /** Undefined: it gave no answer. */
  readonly digest: Promise<string | undefined>;
  /** Until when nobody asks again: a mirror that gave no answer. */
  quietUntilMs: number;
}

/** An answer counts so long, if nothing happens at the origin. */
const answerHoldsMs = 5000;
/** A mirror that gave no answer is left alone so long. */
const silenceMs = 10_000;
/** Checks that are remembered, and those that run at once. */
const maxRemembered = 4096;
const maxRunning = 32;

/**
 * Asks mirrors for their ref digests. An answer is used again only while nothing has happened at the origin since the
 * question, and for 5 s; a mirror without one is left alone for 10 s. All that ask at once share one question.
 */
export class MirrorChecks {
  readonly #ask: AskDigest;
  readonly #now: () => number;
  readonly #answerMs: number;
  readonly #stop = new AbortController();
  /** By repository and mirror, oldest first. */
  readonly #checks = new Map<string, Check>();
  #running = 0;

  /** @param answerMs - time for one answer */
  constructor(ask: AskDigest, now: () => number, answerMs: number) {
    this.#ask = ask;
    this.#now = now;
    this.#answerMs = answerMs;
  }

  /**
   * The mirror's digest, or undefined: it gives none, gave none just now, or too many are being asked. Never rejects.
   *
   * @param stamp - of the origin's refs (`lastRefChange`)
   * @param afresh - whether only an answer to a new question will do
   */
  digest(
    directory: string,
    question: MirrorQuestion,
    { stamp, afresh }: { readonly stamp: string; readonly afresh: boolean },
  ): Promise<string | undefined> {
    const key = `${directory}\0${question.at.url}`;
    const nowMs = this.#now();
    const known = this.#checks.get(key);
    if (known !== undefined) {
      if (nowMs < known.quietUntilMs) return Promise.resolve(undefined);
      if (!afresh && known.stamp === stamp && nowMs - known.askedAtMs < answerHoldsMs) return known.digest;
    }
    if (this.#running >= maxRunning || this.#stop.signal.aborted) return Promise.resolve(undefined);
    return this.#begin(key, question, stamp, nowMs);
  }

  /** Ends what runs; nothing is asked afterwards. */
  close(): void {
    this.#stop.abort(new Error('The server is stopping'));
  }

  #begin(key: string, question: MirrorQuestion, stamp: string, askedAtMs: number): Promise<string | undefined> {
    this.#running += 1;
    const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(this.#answerMs)]);
    const digest = this.#ask(question, signal)
      .catch(() => {
        check.quietUntilMs = this.#now() + silenceMs;
        return undefined;
      })
      .finally(() => {
        this.#running -= 1;
      });
    const check: Check = { stamp, askedAtMs, digest, quietUntilMs: 0 };
    this.#checks.delete(key);
    this.#checks.set(key, check);
    for (const oldest of this.#checks.keys()) {
      if (this.#checks.size <= maxRemembered) break;
      this.#checks.delete(oldest);
    }
    return digest;
  }
}
