import { DigestHistory } from './digest-history.ts';
import type { LastRefChange } from './last-ref-change.ts';
import { callMirror } from './mirror-call.ts';
import { MirrorChecks, type AskDigest, type MirrorQuestion } from './mirror-checks.ts';
import type { RegisteredMirror, SteerRequest } from './mirror-service.ts';
import { parseNoticeUrl } from './notice-url.ts';
import { needsHttps, steeringStanding } from './steering-standing.ts';
import { fittingPatterns } from './trust-domain.ts';

/** What became of a request that might have been sent to a mirror. */
export type SteeringOutcome =
  | 'steered'
  /** The client has said that it does not want to. */
  | 'declined'
  /** The request carries something that may be its user's. */
  | 'personal'
  /** No mirror is in the trust domain and can be reached by this client. */
  | 'no-mirror'
  /** Refs have changed just now, or went back to what they were. */
  | 'unsettled'
  /** Mirrors answered, and are not where the origin is. */
  | 'stale'
  /** No mirror gave an answer. */
  | 'silent';

/** Options of {@link Steering}. */
export interface SteeringOptions {
  /** Told once for each request. */
  readonly onOutcome?: ((outcome: SteeringOutcome) => void) | undefined;
  /** Default: {@link callMirror}. */
  readonly ask?: AskDigest | undefined;
  /** Milliseconds since 1970. */
  readonly now?: (() => number) | undefined;
  /** Nobody is sent away so soon after a change of the refs. Default 2 s. */
  readonly settleMs?: number | undefined;
  /** Time for a mirror's answer. Default 500 ms. */
  readonly answerMs?: number | undefined;
}

/** The refs of the origin, read anew with each call. */
export interface OriginRefs {
  /** Their digest, as `refDigest` makes it. */
  digest(): string;
  lastChange(): LastRefChange | undefined;
}

/** What the repository's configuration says of it. */
export interface SteeringSettings {
  /** `mirror.trustDomain` */
  readonly trustDomains: readonly string[];
  /** `mirror.canonicalUrl` */
  readonly canonical: readonly string[];
}

interface Candidate extends MirrorQuestion {
  readonly url: string;
}

/** Mirrors that are asked for one request, all at once. */
const maxAsked = 3;
const defaultSettleMs = 2000;
const defaultAnswerMs = 500;
/** How long states of the refs are remembered, and nobody is sent away after one came back. */
const returnMs = 30_000;
/** A caller that comes back so soon may have found its mirror dead. */
const comesBackMs = 60_000;
const maxCallers = 10_000;

/**
 * Decides which fetches of stock clients are sent to a mirror (row M10): without anything personal in them, to a host inside
 * the trust domain, and only when its ref digest is the origin's at that moment.
 *
 * A digest cannot tell a mirror that stands still from one that is about to take over what it read a moment ago. So nobody
 * is sent away for 2 s after a change, nor for 30 s after the refs went back to an earlier state.
 */
export class Steering {
  readonly #onOutcome: (outcome: SteeringOutcome) => void;
  readonly #now: () => number;
  readonly #settleMs: number;
  readonly #checks: MirrorChecks;
  readonly #history = new DigestHistory(returnMs);
  /** Who was sent where, and when, oldest first. */
  readonly #sent = new Map<string, number>();

  constructor({ onOutcome, ask, now = Date.now, settleMs, answerMs }: SteeringOptions = {}) {
    this.#onOutcome = onOutcome ?? (() => undefined);
    this.#now = now;
    this.#settleMs = settleMs ?? defaultSettleMs;
    this.#checks = new MirrorChecks(ask ?? askMirror, now, answerMs ?? defaultAnswerMs);
  }

  /**
   * The base URL of the mirror that this request should go to, without a slash at the end; usually undefined. Takes half a
   * second at most.
   *
   * @param mirrors - in the order of the policy: the first that is good is taken
   * @throws GitMirrorError when the refs of the origin cannot be read
   */
  async steer(
    request: SteerRequest,
    mirrors: readonly RegisteredMirror[],
    origin: OriginRefs,
    settings: SteeringSettings,
  ): Promise<string | undefined> {
    const decision = await this.#decide(request, mirrors, origin, settings);
    this.#onOutcome(typeof decision === 'string' ? decision : 'steered');
    return typeof decision === 'string' ? undefined : decision.url;
  }

  /** Ends what runs; nobody is sent away afterwards. */
  close(): void {
    this.#checks.close();
  }

  async #decide(
    request: SteerRequest,
    mirrors: readonly RegisteredMirror[],
    origin: OriginRefs,
    settings: SteeringSettings,
  ): Promise<Exclude<SteeringOutcome, 'steered'> | { readonly url: string }> {
    const { directory } = request.repository;
    // Before the digest: a change between the two is seen as one that comes later.
    const change = origin.lastChange();
    const digest = origin.digest();
    // Seen for every request, because those that are answered here are often the mirrors' own.
    const isReturned = change === undefined || this.#hasReturned(directory, digest, change);
    const standing = steeringStanding(request);
    if (standing !== 'open') return standing;
    const candidates = candidatesOf(request, mirrors, settings);
    if (candidates.length === 0) return 'no-mirror';
    if (isReturned || this.#now() - change.atMs < this.#settleMs) return 'unsettled';
    const { stamp } = change;
    const asked = candidates.map((candidate) => {
      const afresh = this.#wasSent(request, candidate);
      return { candidate, answer: this.#checks.digest(directory, candidate, { stamp, afresh }) };
    });
    let outcome: 'stale' | 'silent' = 'silent';
    for (const { candidate, answer } of asked) {
      const theirs = await answer;
      if (theirs !== undefined) outcome = 'stale';
      if (theirs !== digest) continue;
      // A push meanwhile: what the mirror said is about another state.
      if (origin.lastChange()?.stamp !== stamp || origin.digest() !== digest) return 'unsettled';
      this.#remember(request, candidate);
      return candidate;
    }
    return outcome;
  }

  #hasReturned(directory: string, digest: string, { stamp }: LastRefChange): boolean {
    return this.#history.hasReturned(directory, digest, stamp, this.#now());
  }

  #wasSent(request: SteerRequest, { url }: Candidate): boolean {
    const sentAtMs = this.#sent.get(callerKey(request, url));
    return sentAtMs !== undefined && this.#now() - sentAtMs < comesBackMs;
  }

  #remember(request: SteerRequest, { url }: Candidate): void {
    const key = callerKey(request, url);
    this.#sent.delete(key);
    this.#sent.set(key, this.#now());
    for (const oldest of this.#sent.keys()) {
      if (this.#sent.size <= maxCallers) break;
      this.#sent.delete(oldest);
    }
  }
}

/** Whoever makes up `X-Forwarded-For` only has mirrors asked anew. */
function callerKey({ repository, caller }: SteerRequest, url: string): string {
  return [repository.directory, url, caller.remoteAddress ?? '', caller.forwardedFor ?? ''].join('\0');
}

function candidatesOf(
  request: SteerRequest,
  mirrors: readonly RegisteredMirror[],
  { trustDomains, canonical }: SteeringSettings,
): readonly Candidate[] {
  const isHttps = needsHttps(request);
  const own = new Set([request.repository.url ?? '', ...canonical].map(hostAndPath));
  const candidates: Candidate[] = [];
  for (const { url } of mirrors) {
    const at = parseNoticeUrl(url);
    if ('refused' in at || at.scheme === 'git' || (isHttps && at.scheme !== 'https')) continue;
    const patterns = fittingPatterns(trustDomains, at);
    if (patterns.length === 0 || own.has(hostAndPath(url))) continue;
    // Who wrote its domain down means its addresses too; who trusts everything does not mean this machine.
    const hosts = patterns.some((pattern) => !/^\*(?::|$)/.test(pattern.trim())) ? [at.host] : [];
    candidates.push({ url: at.url, at, hosts });
    if (candidates.length === maxAsked) break;
  }
  return candidates;
}

/** What tells this server's own repository from others, by http and by https. */
function hostAndPath(url: string): string {
  const { host = '', pathname = '' } = URL.parse(url) ?? {};
  return host + pathname.replace(/\/+$/, '').replace(/\.git$/, '');
}

/** By its path alone, as the client will: under the canonical URL a mirror may show other refs (row M6). */
function askMirror({ at, hosts }: MirrorQuestion, signal: AbortSignal): Promise<string> {
  return callMirror(at, { hosts, signal });
}
