import { messageOf } from '../../core/error.ts';
import { repositoryKey } from './repository-key.ts';
import { mirrorLimits } from '../../wire/mirrors/mirror-limits.ts';
import type { MirrorNotice, NoticeAnswer } from '../../wire/mirrors/mirror-list.ts';
import type { Resolve } from './allowed-addresses.ts';
import { fitsHost } from './host-pattern.ts';
import type { OriginToCompare } from './mirror-call.ts';
import type { MirrorRegistry } from './mirror-registry.ts';
import type { MirrorSettings } from './mirror-settings.ts';
import { NoticeGate } from './notice-gate.ts';
import { parseNoticeUrl, type NoticeUrl } from './notice-url.ts';

const minTtlMs = 60_000;
const maxTtlMs = 7 * 24 * 3600_000;

/** The repository that a notice is about. */
export interface NoticedRepository {
  /** Its common folder. */
  readonly directory: string;
  readonly settings: MirrorSettings;
  readonly origin: OriginToCompare;
  /** `repositoryKey` of every URL it is known by here: none of them is a mirror of it. */
  readonly ownKeys: ReadonlySet<string | undefined>;
}

/** What {@link Notices} works with. */
export interface NoticesOptions {
  readonly registry: MirrorRegistry;
  readonly now: () => number;
  /** Ends all calls. */
  readonly signal: AbortSignal;
  readonly onWarning: (text: string) => void;
  readonly callTimeoutMs?: number | undefined;
  readonly resolve?: Resolve | undefined;
}

/**
 * Takes notices of mirrors (row M7).
 *
 *     checked as text → host allowed → let in by the gate → addresses checked → called back → kept until its time is over
 *
 * What the call back saw counts, whatever digest the notice states.
 */
export class Notices {
  readonly #options: NoticesOptions;
  readonly #gate = new NoticeGate();

  constructor(options: NoticesOptions) {
    this.#options = options;
  }

  /** @param caller - address of whoever sends it; throws the reason of the signal only */
  async take(repository: NoticedRepository, notice: MirrorNotice, caller: string | undefined): Promise<NoticeAnswer> {
    const { settings, ownKeys, directory } = repository;
    if (!settings.takesNotices) return { kind: 'ignored' };
    const at = parseNoticeUrl(notice.at);
    if ('refused' in at) return refused(at.refused);
    const key = repositoryKey(at.url);
    if (key === undefined) return refused('the URL names no repository');
    if (ownKeys.has(key)) return refused('the URL is that of the repository itself');
    const { notifyHosts } = settings;
    if (notifyHosts.length > 0 && !notifyHosts.some((pattern) => fitsHost(pattern, at.host))) {
      return refused('mirrors at this host are not taken here');
    }
    if ((notice.signature ?? '').length > mirrorLimits.maxSignatureBytes) return refused('the signature is too long');
    const answer = await this.#gate.run(caller, `${directory}\0${key}`, this.#options.now(), () =>
      this.#callAndKeep(repository, at, notice),
    );
    return 'refused' in answer ? refused(answer.refused) : answer;
  }

  async #callAndKeep(
    { directory, settings, origin }: NoticedRepository,
    at: NoticeUrl,
    { ttlSeconds, signature }: MirrorNotice,
  ): Promise<NoticeAnswer> {
    const { registry, now, signal, onWarning, callTimeoutMs: timeoutMs, resolve } = this.#options;
    // Most servers never call anybody, and need no HTTP client.
    const { callMirror } = await import('./mirror-call.ts');
    let digest: string;
    try {
      digest = await callMirror(at, { hosts: settings.notifyHosts, origin, signal, timeoutMs, resolve });
    } catch (error) {
      signal.throwIfAborted();
      return refused(`calling the mirror back failed: ${messageOf(error)}`);
    }
    const seenAtMs = now();
    const ttlMs = Math.min(Math.max(ttlSeconds * 1000, minTtlMs), maxTtlMs);
    const mirror = { url: at.url, digest, seenAtMs, expiresAtMs: seenAtMs + ttlMs };
    try {
      const isKept = await registry.keep(
        directory,
        signature === undefined ? mirror : { ...mirror, signature },
        seenAtMs,
      );
      return isKept ? { kind: 'ok' } : refused('no more mirrors can be listed here');
    } catch (error) {
      onWarning(`A mirror could not be written down in ${directory}: ${messageOf(error)}`);
      return refused('this server cannot write the mirror down; its log says why');
    }
  }
}

function refused(reason: string): NoticeAnswer {
  return { kind: 'refused', reason };
}
