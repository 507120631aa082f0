import { messageOf } from '../core/error.ts';
import type { NotifyOutcome } from '../client/notify-origin.ts';
import { repositoryDigest } from '../server/mirrors/repository-digest.ts';
import { redactUrls } from '../transport/display-url.ts';
import type { MirrorNotice } from '../wire/mirrors/mirror-list.ts';
import type { Logger } from './logger.ts';
import type { Replica } from './replica.ts';

/** Tells the origin at `url` of a mirror. */
export type TellOrigin = (url: string, notice: MirrorNotice, signal: AbortSignal) => Promise<NotifyOutcome>;

/** What {@link Announcer} works with. */
export interface AnnouncerOptions {
  readonly tell: TellOrigin;
  /** Where the copy of this name is, for everybody. */
  readonly urlOf: (name: string) => string;
  /** Time between two syncs. */
  readonly intervalMs: number;
  readonly env: NodeJS.ProcessEnv;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

const minTtlMs = 3600_000;
const maxTtlMs = 7 * 24 * 3600_000;
/** A notice outlives so many syncs. */
const syncsPerTtl = 4;

/**
 * Tells upstreams of the copies of a node (row M7): after a sync that changed something, and when half of the time is over for
 * which the last notice holds. Syncs come more often than that, so there is no timer. An upstream that knows nothing of
 * mirrors is asked again after the same time.
 */
export class Announcer {
  readonly #options: AnnouncerOptions;
  readonly #ttlMs: number;
  /** When each upstream was told last, by name of the copy. */
  readonly #toldAtMs = new Map<string, number>();
  readonly #lastOutcome = new Map<string, string>();

  constructor(options: AnnouncerOptions) {
    this.#options = options;
    this.#ttlMs = Math.min(Math.max(minTtlMs, syncsPerTtl * options.intervalMs), maxTtlMs);
  }

  /** A sync of `replica` is over. Resolves when its upstream has been told, if that was due; never rejects. */
  async synced(replica: Replica, hasChanged: boolean, nowMs = Date.now()): Promise<void> {
    const { name, upstream, directory } = replica;
    const toldAtMs = this.#toldAtMs.get(name);
    const isDue = hasChanged || toldAtMs === undefined || nowMs - toldAtMs >= this.#ttlMs / 2;
    if (!isDue || upstream.localPath !== undefined) return;
    this.#toldAtMs.set(name, nowMs);
    const { tell, urlOf, env, signal } = this.#options;
    try {
      const notice = {
        at: urlOf(name),
        digest: repositoryDigest(directory, env),
        ttlSeconds: this.#ttlMs / 1000,
      };
      this.#log(name, await tell(upstream.url, notice, signal));
    } catch (error) {
      if (!signal.aborted) this.#say('warn', name, `telling its upstream failed: ${redactUrls(messageOf(error))}`);
    }
  }

  #log(name: string, outcome: NotifyOutcome): void {
    switch (outcome.kind) {
      case 'ok':
        this.#say('info', name, 'its upstream lists this copy as a mirror');
        break;
      case 'refused':
        this.#say('warn', name, `its upstream does not list this copy: ${outcome.reason}`);
        break;
      case 'ignored':
      case 'unknown':
        this.#say('debug', name, 'its upstream takes no notices of mirrors');
    }
  }

  /** What was said last is not said again. */
  #say(level: 'debug' | 'info' | 'warn', name: string, text: string): void {
    if (this.#lastOutcome.get(name) === text) return;
    this.#lastOutcome.set(name, text);
    this.#options.logger.log(level, 'announced', `${name}: ${text}`, { repository: name });
  }
}
